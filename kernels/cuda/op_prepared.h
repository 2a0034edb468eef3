// A computing op with its operands on the device.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/cuda/launcher.h"
#include "kernels/cuda/operand_sets.h"
#include "kernels/cuda/prepared.h"
#include "kernels/cuda/timer.h"

namespace traincast::cuda {

class OpPrepared final : public CudaPrepared {
 public:
  // Executes once, so that libraries have loaded their kernels, and times all ways that the launcher knows on
  // `timer`, if there are several, to keep the fastest.
  OpPrepared(OperandSets sets, std::unique_ptr<Launcher> launcher, Timer& timer, cudaStream_t stream);

  void launch(cudaStream_t stream) override;
  int launches() const override { return launcher_->launches(); }
  std::vector<float> result(cudaStream_t stream) override;
  std::string algorithm() const override { return algorithm_; }

 private:
  void choose_fastest(Timer& timer, cudaStream_t stream);

  OperandSets sets_;
  std::unique_ptr<Launcher> launcher_;
  std::vector<std::vector<void*>> pointers_;
  std::size_t next_ = 0;
  std::string algorithm_;
};

}  // namespace traincast::cuda
