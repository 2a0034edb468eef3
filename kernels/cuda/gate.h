// Holds a stream back until all of its work is queued, so that the host's launches are no part of the time
// measured.
#pragma once

#include <memory>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/resources.h"

namespace traincast::cuda {

struct GateWords {
  unsigned int released;  // by the host: the number of the last gate that may open
  unsigned int gave_up;   // by the device: the number of the last gate that did not wait to be opened
};
// Spins until released >= ticket, or `limit_ns` have passed. The words lie in page-locked host memory.
cudaError_t hold(cudaStream_t stream, GateWords* words, unsigned int ticket, unsigned long long limit_ns);

class Gate {
 public:
  Gate();
  // What is queued on the stream from now on waits for open().
  void close(cudaStream_t stream);
  void open();
  // After the stream has passed the last gate: that it did so without open(). It happens where launches wait
  // for the device, as under a debugger, and a gate that nobody can open would stop the program.
  bool gave_up() const;

 private:
  struct HostDeleter {
    void operator()(GateWords* words) const { cudaFreeHost(words); }
  };
  std::unique_ptr<GateWords, HostDeleter> words_;
  GateWords* on_device_ = nullptr;
  unsigned int ticket_ = 0;
};

// Opens the gate at the end of the scope, also when a launch in between throws.
class GateClosed {
 public:
  GateClosed(Gate& gate, cudaStream_t stream) : gate_(gate) { gate_.close(stream); }
  ~GateClosed() { gate_.open(); }
  GateClosed(const GateClosed&) = delete;
  GateClosed& operator=(const GateClosed&) = delete;

 private:
  Gate& gate_;
};

}  // namespace traincast::cuda
