// Attention implementations by name: published rates differ by a factor of three between them on one GPU.
#pragma once

#include <string_view>

namespace traincast {

// unfused writes the scores to memory (before 2022); flash1 is FlashAttention-1 or its Triton port.
enum class AttentionKernel { unfused, flash1, flash2, flash3, cudnn };
inline constexpr int kAttentionKernels = 5;
inline constexpr std::string_view kAttentionKernelNames[] = {"unfused", "flash1", "flash2", "flash3",
                                                             "cudnn"};
constexpr std::string_view name(AttentionKernel k) {
  return kAttentionKernelNames[static_cast<int>(k)];
}

}  // namespace traincast
