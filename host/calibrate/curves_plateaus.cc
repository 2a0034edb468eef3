#include "host/calibrate/curves.h"

namespace traincast {

KernelPlateaus published_plateaus() {
  return {
      // Best shapes of BF16 on H100 reach 794.5 of 989.4 TFLOP/s (S. Bekman, ML Engineering, "MAMF", 2025);
      // a roofline fitted on NVIDIA aiconfigurator's H100 and H200 timings (Apache-2.0, 2025) has the same
      // 0.80 and 3-4 us.
      .gemm = {.efficiency = 0.80, .half = {0, 0, 0}, .fixed = Seconds(3.5e-6)},
      // H100 FP8 rises to 1377 of 1979 TFLOP/s at 16k (Azure AI benchmarking guide, 2025); the half extents
      // reproduce that rise and the FP8 over BF16 gain of published training runs.
      .gemm_8_bit = {.efficiency = 0.69, .half = {96, 96, 192}, .fixed = Seconds(4e-6)},
      // FlashAttention-3 causal forward, head dimension 128, H100: 521, 579, 602, 616 TFLOP/s at 2k, 4k, 8k,
      // 16k (Shah et al. 2024, arXiv 2407.08608, figure 5) = 0.64 of 989.4 / (1 + 430 / length).
      .attention = {.efficiency = 0.64, .half = {430, 0, 0}, .fixed = Seconds(3.5e-6)},
      // Fused elementwise and norm kernels: 0.80 of the memory's bandwidth and 3 us (aiconfigurator).
      .memory = {.efficiency = 0.80, .fixed = Seconds(3e-6)},
      // Shah et al. 2024, figure 6 against figure 5, head dimension 128: 542 to 561 over 638 to 648.
      .attention_backward = 0.86,
      // Grouped over dense GEMM that published mixture-of-experts training runs imply (fitted).
      .grouped_over_dense = 0.86,
      .from = {Origin::published,
               "H100 plateaus: MAMF (2025), aiconfigurator (2025), FlashAttention-3 (arXiv 2407.08608)"},
  };
}

}  // namespace traincast
