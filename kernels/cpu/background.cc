#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <thread>

#include "kernels/cpu/cpu_prepared.h"

namespace traincast {
namespace {

class CpuBackground final : public BackgroundLoad {
 public:
  explicit CpuBackground(CpuPrepared& prepared) : prepared_(prepared) {
    std::promise<void> begun;
    std::future<void> has_begun = begun.get_future();
    thread_ = std::thread([this, promise = std::move(begun)]() mutable { work(promise); });
    has_begun.wait();
  }
  ~CpuBackground() override { join(); }
  CpuBackground(const CpuBackground&) = delete;
  CpuBackground& operator=(const CpuBackground&) = delete;

  LoadResult stop() override {
    join();
    if (error_) std::rethrow_exception(error_);
    return result_;
  }

 private:
  void join() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  void work(std::promise<void>& begun) {
    const auto start = std::chrono::steady_clock::now();
    begun.set_value();
    try {
      do {
        prepared_.run();
        ++result_.executions;
      } while (!stopping_);
    } catch (...) {
      error_ = std::current_exception();
    }
    result_.elapsed =
        Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }

  CpuPrepared& prepared_;
  std::atomic<bool> stopping_ = false;
  LoadResult result_;  // the thread's until it is joined, as is error_
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<BackgroundLoad> cpu_background(CpuPrepared& prepared) {
  return std::make_unique<CpuBackground>(prepared);
}

}  // namespace traincast
