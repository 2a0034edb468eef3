#include <algorithm>
#include <cstddef>

#include "kernels/cuda/launcher.h"
#include "kernels/operands.h"

namespace traincast::cuda {
namespace {

template <typename T>
DeviceBuffer upload(const std::vector<T>& values, cudaStream_t stream) {
  DeviceBuffer buffer = make_buffer(values.size() * sizeof(T));
  if (values.empty()) return buffer;
  TRAINCAST_CHECK(cudaMemcpyAsync(buffer.get(), values.data(), values.size() * sizeof(T),
                                  cudaMemcpyHostToDevice, stream));
  TRAINCAST_CHECK(cudaStreamSynchronize(stream));
  return buffer;
}

float* floats(void* memory) {
  return static_cast<float*>(memory);
}

std::size_t partial_bytes(const MemoryBound& op, const Launch& launch) {
  if (op.kind != MemoryKind::rms_norm_backward) return 0;
  return static_cast<std::size_t>(rms_norm_backward_blocks(launch, op.rows)) *
         static_cast<std::size_t>(op.columns) * sizeof(float);
}

class MemoryLauncher final : public Launcher {
 public:
  MemoryLauncher(const MemoryBound& op, std::uint64_t seed, const Launch& launch)
      : op_(op),
        launch_(launch),
        matrix_{.format = op.dtype, .rows = op.rows, .columns = op.columns},
        indices_(upload(row_indices(op, seed), launch.stream)),
        angles_(upload(rope_angles(op), launch.stream)),
        partial_(make_buffer(partial_bytes(op, launch))) {}

  void launch(const std::vector<void*>& tensors, cudaStream_t stream) override {
    launch_.stream = stream;
    TRAINCAST_CHECK(start(tensors));
  }

 private:
  cudaError_t start(const std::vector<void*>& t) {
    const auto element = static_cast<std::int64_t>(bytes_per_element(op_.dtype));
    const auto* indices = reinterpret_cast<const std::int32_t*>(indices_.get());
    switch (op_.kind) {
      case MemoryKind::copy:
        return copy_bytes(launch_, t[0], t[1], op_.rows * op_.columns * element);
      case MemoryKind::rms_norm:
        return rms_norm(launch_, matrix_, kRmsNormEpsilon, t[0], t[1], t[2]);
      case MemoryKind::rms_norm_backward:
        return rms_norm_backward(launch_, matrix_, kRmsNormEpsilon, t[0], t[1], t[2], t[3], floats(t[4]),
                                 floats(partial_.get()));
      case MemoryKind::residual_add:
        return residual_add(launch_, matrix_, t[0], t[1], t[2]);
      case MemoryKind::swiglu:
        return swiglu(launch_, matrix_, t[0], t[1]);
      case MemoryKind::swiglu_backward:
        return swiglu_backward(launch_, matrix_, t[0], t[1], t[2]);
      case MemoryKind::rope:
        return rope(launch_, matrix_, rope_head_dim(op_), std::min(op_.rows, kRopePositions), t[0],
                    floats(angles_.get()), t[1]);
      case MemoryKind::cast:
        return cast_fp8(launch_, matrix_, t[0], kCastScale, t[1]);
      case MemoryKind::cross_entropy:
        return cross_entropy(launch_, matrix_, t[0], indices, t[1], floats(t[2]));
      case MemoryKind::permute:
        return permute_rows(launch_, t[0], indices, t[1], op_.rows, op_.columns * element);
      case MemoryKind::adam:
        return start_adam(t);
    }
    return cudaErrorInvalidValue;
  }

  cudaError_t start_adam(const std::vector<void*>& t) {
    constexpr AdamConstants kAdam;
    const AdamParameters parameters{.learning_rate = kAdam.learning_rate,
                                    .beta1 = kAdam.beta1,
                                    .beta2 = kAdam.beta2,
                                    .epsilon = kAdam.epsilon,
                                    .weight_decay = kAdam.weight_decay,
                                    .correction1 = kAdam.correction1,
                                    .correction2 = kAdam.correction2};
    return adam(launch_, parameters, op_.rows * op_.columns, floats(t[0]), floats(t[1]), floats(t[2]),
                floats(t[3]), t[4]);
  }

  MemoryBound op_;
  Launch launch_;
  Matrix matrix_;
  DeviceBuffer indices_;
  DeviceBuffer angles_;
  DeviceBuffer partial_;
};

}  // namespace

std::unique_ptr<Launcher> make_memory_bound(const MemoryBound& op, std::uint64_t seed, const Launch& launch) {
  return std::make_unique<MemoryLauncher>(op, seed, launch);
}

std::size_t scratch_bytes(const MemoryBound& op, const Launch& launch) {
  std::size_t bytes = partial_bytes(op, launch);
  if (op.kind == MemoryKind::permute || op.kind == MemoryKind::cross_entropy) {
    bytes += static_cast<std::size_t>(op.rows) * sizeof(std::int32_t);
  }
  if (op.kind == MemoryKind::rope) {
    bytes += static_cast<std::size_t>(std::min(op.rows, kRopePositions) * rope_head_dim(op)) * sizeof(float);
  }
  return bytes;
}

}  // namespace traincast::cuda
