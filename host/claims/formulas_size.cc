// Sizes and peaks of clusters, and their ratios.
#include <cmath>

#include "host/claims/formula.h"

namespace traincast {
namespace {

constexpr InputSpec kCluster{"cluster", InputKind::cluster};
constexpr InputSpec kGpu{"gpu", InputKind::gpu};
constexpr InputSpec kOtherGpu{"other_gpu", InputKind::gpu};
constexpr InputSpec kOtherGpus{"other_gpus"};

InputSpec rate(std::string_view name) {
  return {name, InputKind::fact, FlopRate::kDimension};
}

double count(const Inputs& in) {
  return static_cast<double>(in.cluster("cluster").gpus());
}

double ratio(const Inputs& in, FlopRate one, FlopRate other) {
  return count(in) * one.value() / (in.number("other_gpus") * other.value());
}

FlopRate parts(const Inputs& in) {
  return in.number("first_gpus") * in.get<FlopRate>("first_rate") +
         in.number("second_gpus") * in.get<FlopRate>("second_rate") +
         in.number("cores") * in.get<FlopRate>("core_rate");
}

std::vector<InputSpec> part_inputs() {
  return {{"first_gpus"},      rate("first_rate"), {"second_gpus"},
          rate("second_rate"), {"cores"},          rate("core_rate")};
}

}  // namespace

std::vector<Formula> size_formulas() {
  std::vector<InputSpec> against_parts = part_inputs();
  against_parts.push_back(kCluster);
  against_parts.push_back(rate("rate"));
  return {
      formula("fabric_endpoints",
              "radix^3 / 4 x share of the ports that are GPUs': a non-blocking Clos of three tiers",
              {{"radix"}, {"gpu_ports"}},
              [](const Inputs& in) { return std::pow(in.number("radix"), 3) / 4 * in.number("gpu_ports"); }),
      formula("fabric_endpoints_two_tiers", "radix^2 / 2 x share of the ports that are GPUs'",
              {{"radix"}, {"gpu_ports"}},
              [](const Inputs& in) { return std::pow(in.number("radix"), 2) / 2 * in.number("gpu_ports"); }),
      formula("cluster_gpus", "GPUs of the cluster, counted", {kCluster}, count),
      formula("sum_of_gpus", "one kind of GPU + the other", {{"first_gpus"}, {"second_gpus"}},
              [](const Inputs& in) { return in.number("first_gpus") + in.number("second_gpus"); }),
      formula("aggregate_peak", "GPUs x dense BF16 peak of one", {kCluster, kGpu},
              [](const Inputs& in) { return count(in) * in.gpu("gpu").peak(DataType::bf16); }),
      formula("count_ratio", "GPUs of the one / GPUs of the other", {kCluster, kOtherGpus},
              [](const Inputs& in) { return count(in) / in.number("other_gpus"); }),
      formula("peak_ratio", "GPUs x dense BF16 peak of the one / the same of the other",
              {kCluster, kGpu, kOtherGpu, kOtherGpus},
              [](const Inputs& in) {
                return ratio(in, in.gpu("gpu").peak(DataType::bf16),
                             in.gpu("other_gpu").peak(DataType::bf16));
              }),
      formula("peak_ratio_fp8", "GPUs x dense FP8 peak of the one / GPUs x dense BF16 peak of the other",
              {kCluster, kGpu, kOtherGpu, kOtherGpus},
              [](const Inputs& in) {
                return ratio(in, in.gpu("gpu").peak(DataType::fp8_e4m3),
                             in.gpu("other_gpu").peak(DataType::bf16));
              }),
      formula("rate_ratio", "GPUs x rate of one / the same of the other",
              {kCluster, rate("rate"), kOtherGpus, rate("other_rate")},
              [](const Inputs& in) {
                return ratio(in, in.get<FlopRate>("rate"), in.get<FlopRate>("other_rate"));
              }),
      formula("gain", "rate of the one / rate of the other", {rate("rate"), rate("other_rate")},
              [](const Inputs& in) { return in.get<FlopRate>("rate") / in.get<FlopRate>("other_rate"); }),
      formula("gain_per_watt", "(rate / server power) of the one / the same of the other",
              {rate("rate"), kGpu, rate("other_rate"), kOtherGpu},
              [](const Inputs& in) {
                return (in.get<FlopRate>("rate") / in.gpu("gpu").power.server_training) /
                       (in.get<FlopRate>("other_rate") / in.gpu("other_gpu").power.server_training);
              }),
      formula("peak_from_parts", "sum over the kinds of GPU and the CPU cores of count x peak of one",
              part_inputs(), parts),
      formula("ratio_to_parts",
              "GPUs x peak of one / (sum over the parts of the other of count x peak of one), in the same "
              "number format",
              against_parts,
              [](const Inputs& in) { return count(in) * in.get<FlopRate>("rate") / parts(in); }),
  };
}

}  // namespace traincast
