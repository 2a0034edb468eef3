#include "kernels/background_thread.h"

#include <exception>
#include <future>
#include <thread>
#include <utility>

namespace traincast {
namespace {

class BackgroundThread final : public BackgroundLoad {
 public:
  explicit BackgroundThread(LoadLoop loop) : loop_(std::move(loop)) {
    std::promise<void> begun;
    std::future<void> has_begun = begun.get_future();
    thread_ = std::thread([this, promise = std::move(begun)]() mutable { work(promise); });
    has_begun.wait();
  }
  ~BackgroundThread() override { join(); }
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;

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
    bool told = false;
    const auto tell = [&] {
      if (!std::exchange(told, true)) begun.set_value();
    };
    try {
      loop_(result_, stopping_, tell);
    } catch (...) {
      error_ = std::current_exception();
    }
    tell();
  }

  LoadLoop loop_;
  std::atomic<bool> stopping_ = false;
  LoadResult result_;  // the thread's until it is joined, as is error_
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<BackgroundLoad> run_in_thread(LoadLoop loop) {
  return std::make_unique<BackgroundThread>(std::move(loop));
}

}  // namespace traincast
