// Ranks as threads of one process that meet at a barrier: a rank that makes one call more or fewer than the
// others hangs the test, as it would hang a job.
#pragma once

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstring>
#include <exception>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "mpi/session.h"

namespace traincast {

class FakeCluster {
 public:
  explicit FakeCluster(int ranks) : ranks_(ranks), meeting_(ranks), slots_(static_cast<std::size_t>(ranks)) {}

  int size() const { return ranks_; }
  // Everybody's text, by rank.
  std::vector<std::string> exchange(int rank, const std::string& mine) {
    slots_[static_cast<std::size_t>(rank)] = mine;
    meeting_.arrive_and_wait();
    std::vector<std::string> all = slots_;
    meeting_.arrive_and_wait();
    return all;
  }

  // Runs `program` once a rank; throws what a rank threw. A rank that throws leaves the meeting, so that the
  // others go on.
  void run(const std::function<void(Session&)>& program);

 private:
  int ranks_;
  std::barrier<> meeting_;
  std::vector<std::string> slots_;
};

class FakeSession final : public Session {
 public:
  FakeSession(FakeCluster& cluster, int rank) : cluster_(cluster), rank_(rank) {}
  int rank() const override { return rank_; }
  int size() const override { return cluster_.size(); }
  int local_rank() const override { return rank_; }
  int local_size() const override { return cluster_.size(); }
  int nodes() const override { return 1; }
  std::string host() const override { return "fakehost"; }
  void barrier() override { cluster_.exchange(rank_, ""); }
  void broadcast(void* data, std::size_t bytes, int root) override {
    const std::string mine(static_cast<const char*>(data), bytes);
    std::memcpy(data, cluster_.exchange(rank_, mine)[static_cast<std::size_t>(root)].data(), bytes);
  }
  double max(double value) override {
    const std::vector<double> all = all_gather(value);
    return *std::max_element(all.begin(), all.end());
  }
  std::vector<double> all_gather(double value) override {
    std::string mine(sizeof value, '\0');
    std::memcpy(mine.data(), &value, sizeof value);
    std::vector<double> all;
    for (const std::string& bytes : cluster_.exchange(rank_, mine)) {
      std::memcpy(&value, bytes.data(), sizeof value);
      all.push_back(value);
    }
    return all;
  }
  std::vector<std::string> all_gather(const std::string& text) override {
    return cluster_.exchange(rank_, text);
  }
  [[noreturn]] void abort(int exit_code) override {
    throw std::runtime_error("abort with " + std::to_string(exit_code));
  }

 private:
  FakeCluster& cluster_;
  int rank_;
};

inline void FakeCluster::run(const std::function<void(Session&)>& program) {
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::thread> threads;
  threads.reserve(slots_.size());
  for (int rank = 0; rank < ranks_; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        FakeSession session(*this, rank);
        program(session);
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
        meeting_.arrive_and_drop();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace traincast
