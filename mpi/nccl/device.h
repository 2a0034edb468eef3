// The parts of CUDA that a communicator needs.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "mpi/buffered.h"

namespace traincast {

struct GpuIdentity {
  std::string text;    // "NVIDIA H100 80GB HBM3 GPU-1b2c...": as nvidia-smi -L prints the UUID
  int capability = 0;  // compute capability x 10
};
// Makes the device current for this thread. Throws CommError where it cannot be used.
GpuIdentity open_gpu(int device);

class GpuBuffer final : public Buffer {
 public:
  explicit GpuBuffer(std::size_t bytes);
  ~GpuBuffer() override;
  GpuBuffer(const GpuBuffer&) = delete;
  GpuBuffer& operator=(const GpuBuffer&) = delete;
  void* data() override { return data_; }
  // Done when they return, whatever stream uses the buffer next.
  void write(std::size_t offset, const std::byte* from, std::size_t bytes) override;
  void read(std::size_t offset, std::byte* to, std::size_t bytes) override;

 private:
  void* data_ = nullptr;
};

// A stream, and the two events that time what runs on it.
class TimedStream {
 public:
  TimedStream();
  ~TimedStream();
  TimedStream(const TimedStream&) = delete;
  TimedStream& operator=(const TimedStream&) = delete;
  cudaStream_t get() const { return stream_; }
  void start();
  void stop();
  bool finished() const;    // of everything enqueued; throws CommError for an asynchronous CUDA error
  Seconds elapsed() const;  // between start and stop; once finished
 private:
  cudaStream_t stream_ = nullptr;
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

}  // namespace traincast
