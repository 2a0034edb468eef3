#include <array>
#include <atomic>
#include <exception>
#include <future>
#include <thread>

#include "kernels/cuda/prepared.h"
#include "kernels/cuda/resources.h"

namespace traincast::cuda {
namespace {

// Executions between two events, and how many such batches the host may be ahead: enough that the device
// never waits for the thread, few enough that stop() is soon over.
constexpr int kBatch = 4;
constexpr std::size_t kAhead = 8;

class CudaBackground final : public BackgroundLoad {
 public:
  CudaBackground(CudaPrepared& prepared, int device)
      : prepared_(prepared), device_(device), stream_(make_stream()) {
    for (Event& event : batch_ends_) event = make_event();
    std::promise<void> begun;
    std::future<void> has_begun = begun.get_future();
    thread_ = std::thread([this, promise = std::move(begun)]() mutable { work(promise); });
    has_begun.wait();
  }
  ~CudaBackground() override { join(); }
  CudaBackground(const CudaBackground&) = delete;
  CudaBackground& operator=(const CudaBackground&) = delete;

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
    try {
      TRAINCAST_CHECK(cudaSetDevice(device_));
      TRAINCAST_CHECK(cudaEventRecord(start_.get(), stream_.get()));
      for (std::size_t batch = 0; !stopping_; ++batch) {
        const cudaEvent_t end = batch_ends_[batch % kAhead].get();
        if (batch >= kAhead) TRAINCAST_CHECK(cudaEventSynchronize(end));  // recorded kAhead batches ago
        for (int i = 0; i < kBatch; ++i) prepared_.launch(stream_.get());
        result_.executions += kBatch;
        TRAINCAST_CHECK(cudaEventRecord(end, stream_.get()));
        if (told) continue;
        TRAINCAST_CHECK(cudaEventSynchronize(start_.get()));
        begun.set_value();
        told = true;
      }
      TRAINCAST_CHECK(cudaEventRecord(stop_.get(), stream_.get()));
      TRAINCAST_CHECK(cudaEventSynchronize(stop_.get()));
      float milliseconds = 0;
      TRAINCAST_CHECK(cudaEventElapsedTime(&milliseconds, start_.get(), stop_.get()));
      result_.elapsed = Seconds(1e-3 * static_cast<double>(milliseconds));
    } catch (...) {
      error_ = std::current_exception();
    }
    if (!told) begun.set_value();
  }

  CudaPrepared& prepared_;
  int device_;
  Stream stream_;
  Event start_ = make_event();
  Event stop_ = make_event();
  std::array<Event, kAhead> batch_ends_;
  std::atomic<bool> stopping_ = false;
  LoadResult result_;  // the thread's until it is joined, as is error_
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<BackgroundLoad> cuda_background(CudaPrepared& prepared, int device) {
  return std::make_unique<CudaBackground>(prepared, device);
}

}  // namespace traincast::cuda
