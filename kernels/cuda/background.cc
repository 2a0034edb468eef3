#include <array>
#include <memory>

#include "kernels/background_thread.h"
#include "kernels/cuda/prepared.h"
#include "kernels/cuda/resources.h"

namespace traincast::cuda {
namespace {

// Executions between two events, and how many such batches the host may be ahead: enough that the device
// never waits for the thread, few enough that stop() is soon over.
constexpr int kBatch = 4;
constexpr std::size_t kAhead = 8;

class CudaLoop {
 public:
  CudaLoop(CudaPrepared& prepared, int device)
      : prepared_(prepared), device_(device), stream_(make_stream()) {
    for (Event& event : batch_ends_) event = make_event();
  }

  void run(LoadResult& result, const std::atomic<bool>& stopping, const std::function<void()>& begun) {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    TRAINCAST_CHECK(cudaEventRecord(start_.get(), stream_.get()));
    for (std::size_t batch = 0; !stopping; ++batch) {
      const cudaEvent_t end = batch_ends_[batch % kAhead].get();
      if (batch >= kAhead) TRAINCAST_CHECK(cudaEventSynchronize(end));  // recorded kAhead batches ago
      for (int i = 0; i < kBatch; ++i) prepared_.launch(stream_.get());
      result.executions += kBatch;
      TRAINCAST_CHECK(cudaEventRecord(end, stream_.get()));
      if (batch > 0) continue;
      TRAINCAST_CHECK(cudaEventSynchronize(start_.get()));
      begun();
    }
    TRAINCAST_CHECK(cudaEventRecord(stop_.get(), stream_.get()));
    TRAINCAST_CHECK(cudaEventSynchronize(stop_.get()));
    float milliseconds = 0;
    TRAINCAST_CHECK(cudaEventElapsedTime(&milliseconds, start_.get(), stop_.get()));
    result.elapsed = Seconds(1e-3 * static_cast<double>(milliseconds));
  }

 private:
  CudaPrepared& prepared_;
  int device_;
  Stream stream_;
  Event start_ = make_event();
  Event stop_ = make_event();
  std::array<Event, kAhead> batch_ends_;
};

}  // namespace

std::unique_ptr<BackgroundLoad> cuda_background(CudaPrepared& prepared, int device) {
  const auto loop = std::make_shared<CudaLoop>(prepared, device);
  return run_in_thread([loop](LoadResult& result, const std::atomic<bool>& stopping,
                              const std::function<void()>& begun) { loop->run(result, stopping, begun); });
}

}  // namespace traincast::cuda
