// Ranks as threads of one process that meet at a barrier: a rank that makes one call more or fewer than the
// others hangs the test, as it would hang a job.
#pragma once

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstring>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "mpi/session.h"

namespace traincast {

class FakeCluster {
 public:
  // Ranks fill nodes of `per_node` in order; 0: all are on one node.
  explicit FakeCluster(int ranks, int per_node = 0) : FakeCluster(filled(ranks, per_node)) {}
  explicit FakeCluster(std::vector<int> node_of_rank)
      : ranks_(static_cast<int>(node_of_rank.size())),
        node_(std::move(node_of_rank)),
        meeting_(ranks_),
        slots_(static_cast<std::size_t>(ranks_)) {}

  int size() const { return ranks_; }
  int node(int rank) const { return node_[static_cast<std::size_t>(rank)]; }
  int nodes() const { return static_cast<int>(std::set<int>(node_.begin(), node_.end()).size()); }
  int local_rank(int rank) const {
    return static_cast<int>(std::count(node_.begin(), node_.begin() + rank, node(rank)));
  }
  int local_size(int rank) const {
    return static_cast<int>(std::count(node_.begin(), node_.end(), node(rank)));
  }
  // Everybody's text, by rank.
  std::vector<std::string> exchange(int rank, const std::string& mine) {
    slots_[static_cast<std::size_t>(rank)] = mine;
    meeting_.arrive_and_wait();
    std::vector<std::string> all = slots_;
    meeting_.arrive_and_wait();
    return all;
  }

  // Everybody's parts of itself, made by whoever comes first in each color.
  std::shared_ptr<FakeCluster> part(int rank, int color, int key, int& part_rank);

  // Runs `program` once a rank; throws what a rank threw. A rank that throws leaves the meeting, so that the
  // others go on.
  void run(const std::function<void(Session&)>& program);

 private:
  static std::vector<int> filled(int ranks, int per_node) {
    std::vector<int> nodes;
    for (int rank = 0; rank < ranks; ++rank) nodes.push_back(per_node == 0 ? 0 : rank / per_node);
    return nodes;
  }

  int ranks_;
  std::vector<int> node_;
  std::mutex parts_mutex_;
  std::map<int, std::shared_ptr<FakeCluster>> parts_;
  std::barrier<> meeting_;
  std::vector<std::string> slots_;
};

class FakeSession final : public Session {
 public:
  FakeSession(FakeCluster& cluster, int rank) : cluster_(cluster), rank_(rank) {}
  FakeSession(std::shared_ptr<FakeCluster> own, int rank)
      : own_(std::move(own)), cluster_(*own_), rank_(rank) {}
  int rank() const override { return rank_; }
  int size() const override { return cluster_.size(); }
  int local_rank() const override { return cluster_.local_rank(rank_); }
  int local_size() const override { return cluster_.local_size(rank_); }
  int nodes() const override { return cluster_.nodes(); }
  std::string host() const override {
    const int node = cluster_.node(rank_);
    return node == 0 ? "fakehost" : "fakehost" + std::to_string(node);
  }
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
  std::unique_ptr<Session> split(int color, int key) override {
    int part_rank = 0;
    std::shared_ptr<FakeCluster> part = cluster_.part(rank_, color, key, part_rank);
    return part == nullptr ? nullptr : std::make_unique<FakeSession>(std::move(part), part_rank);
  }
  [[noreturn]] void abort(int exit_code) override {
    throw std::runtime_error("abort with " + std::to_string(exit_code));
  }

 private:
  std::shared_ptr<FakeCluster> own_;
  FakeCluster& cluster_;
  int rank_;
};

inline std::shared_ptr<FakeCluster> FakeCluster::part(int rank, int color, int key, int& part_rank) {
  const std::vector<std::string> colors = exchange(rank, std::to_string(color));
  const std::vector<std::string> keys = exchange(rank, std::to_string(key));
  std::vector<std::pair<int, int>> members;  // key, rank
  for (int other = 0; other < ranks_; ++other) {
    const auto at = static_cast<std::size_t>(other);
    if (std::stoi(colors[at]) == color) members.emplace_back(std::stoi(keys[at]), other);
  }
  std::sort(members.begin(), members.end());
  std::vector<int> nodes;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].second == rank) part_rank = static_cast<int>(i);
    nodes.push_back(node_[static_cast<std::size_t>(members[i].second)]);
  }
  if (color >= 0 && members.front().second == rank) {
    const std::lock_guard lock(parts_mutex_);
    parts_[color] = std::make_shared<FakeCluster>(std::move(nodes));
  }
  exchange(rank, "");
  std::shared_ptr<FakeCluster> mine;
  if (color >= 0) {
    const std::lock_guard lock(parts_mutex_);
    mine = parts_[color];
  }
  exchange(rank, "");
  return mine;
}

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
