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

// A stream of its own: what runs on it overlaps with other streams.
class Stream {
 public:
  Stream();
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

// Two events that time what is enqueued between them.
class Interval {
 public:
  Interval();
  ~Interval();
  Interval(const Interval&) = delete;
  Interval& operator=(const Interval&) = delete;
  void start(const Stream& stream);
  void stop(const Stream& stream);
  bool finished() const;    // up to stop(); throws CommError for an asynchronous CUDA error
  Seconds elapsed() const;  // between start and stop; once finished
 private:
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

}  // namespace traincast
