// Ops ready to execute on one GPU.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <vector>

#include "kernels/backend.h"

namespace traincast::cuda {

class CudaPrepared : public Prepared {
 public:
  // One execution, asynchronous on the stream. Executions of one Prepared must follow one another.
  virtual void launch(cudaStream_t stream) = 0;
  // At most so many kernels and copies are queued by one launch().
  virtual int launches() const { return 1; }
  // Outputs of one execution on the inputs as filled; waits for it.
  virtual std::vector<float> result(cudaStream_t stream) = 0;
};

// Feeds a stream of its own from a thread, some executions ahead of the device.
std::unique_ptr<BackgroundLoad> cuda_background(CudaPrepared& prepared, int device);

}  // namespace traincast::cuda
