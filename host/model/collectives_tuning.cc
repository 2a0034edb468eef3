// Facts from NVIDIA/nccl: src/graph/tuning.cc and src/graph/search.cc of
// releases 2.12.12, 2.18.3, 2.19.4, 2.21.5, 2.23.4, 2.27.3, 2.28.9 and 2.30.7.
#include "host/model/collectives_tuning.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace traincast {
namespace {

constexpr ByNodes kNone{0, 0, 0};
constexpr std::array<ByNodes, 4> kLlMaxBefore221{
    {{39.0, 39.0, 20.4}, {87.7, 22.5, 19.0}, {87.7, 22.5, 19.0}, {87.7, 22.5, 19.0}}};
constexpr std::array<ByNodes, 4> kLlMax{
    {{39.0, 39.0, 20.4}, {87.7, 22.5, 19.0}, {141.0, 45.0, 35.0}, {282.0, 90.0, 70.0}}};
constexpr std::array<ByNodes, 4> kRingLl128Max{
    {{20, 20, 20}, {20, 20, 20}, {36.7, 36.7, 36.7}, {40, 40, 40}}};
constexpr std::array<ByNodes, 4> kTreeLl128Max{
    {{20, 20, 20}, {20, 20, 20}, {36.7, 36.7, 29.0}, {55.6, 31.67, 20.0}}};
constexpr std::array<ByNodes, 4> kTreeMax{
    {{26.5, 18.5, 10.0}, {24.0, 23.6, 17.8}, {38.7, 41.4, 36.0}, {70.0, 42.8, 24.0}}};
constexpr std::array<ByNodes, 4> kNvlsTreeMax{{kNone, kNone, {0.0, 57.7, 45.5}, {0.0, 96.0, 80.0}}};

constexpr NcclTuning make_2_28() {
  NcclTuning t{};
  t.base = {{6.8, 14.0, 8.4}, {6.6, 14.0, 8.4}};
  t.nvlink = {{0.6, 1.25, 4.0}, {0.6, 1.9, 3.4}};
  t.net = {{5.0, 8.5, 14.0}, {2.7, 4.0, 14.0}};
  t.nvls_base = 0, t.nvls_nvlink = 25, t.nvls_net = 18, t.nvls_tree_net = 20.9;
  t.ring_ll_share = t.ring_ll_share_gather = 0.5;
  t.multi_node_ll_intra = 1;
  t.net_overhead = true, t.lone_rank_exposed = true, t.pat = true, t.nvls_two_sided = true;
  t.plateau = 1.4;  // 1.9 before Ampere
  t.ll_max = kLlMax;
  t.tree_max = kTreeMax, t.tree_ll128_max = kTreeLl128Max, t.ring_ll128_max = kRingLl128Max;
  t.nvls_tree_max = kNvlsTreeMax;
  return t;
}
constexpr NcclTuning make_2_23() {
  NcclTuning t = make_2_28();
  t.nvls_tree_net = 14, t.nvls_two_sided = false;
  return t;
}
constexpr NcclTuning make_2_21() {
  NcclTuning t = make_2_23();
  t.base.tree[2] = 0, t.nvlink.tree[2] = 28, t.net.tree[2] = 28;
  t.lone_rank_exposed = false, t.ring_wraps = true, t.pat = false;
  return t;
}
constexpr NcclTuning make_2_19() {
  NcclTuning t = make_2_21();
  t.nvls_nvlink = 23;
  t.ring_ll_share = 0.25, t.ring_ll_share_gather = 1.0 / 3;
  t.ll_max = kLlMaxBefore221;
  return t;
}
constexpr NcclTuning make_2_18() {
  NcclTuning t = make_2_19();
  t.nvlink.tree[2] = 4, t.net.tree[2] = 14;
  t.nvls_base = 23, t.nvls_nvlink = 0, t.nvls_tree_net = 19, t.nvls_tree_linear = true;
  return t;
}
constexpr NcclTuning make_2_12() {
  NcclTuning t = make_2_19();
  t.base = {{4.4, 4.4, 0}, {3.6, 10.0, 8.4}};
  t.nvlink = {{0.52, 1.25, 28}, {0.47, 1.9, 3.4}};
  t.net = {{5.0, 8.5, 28}, {2.7, 4.0, 28}};
  t.multi_node_ll_intra = 1.8, t.net_overhead = false, t.plateau = 1.9;
  return t;
}
constexpr std::array<NcclTuning, kNcclEras> kTunings{make_2_12(), make_2_18(), make_2_19(),
                                                     make_2_21(), make_2_23(), make_2_28()};

// Powers of two from 64 B to 256 MiB.
constexpr int kCorrections = 23;
constexpr double kTreeCorrection[kProtocols][kCorrections] = {
    {1, 1, 1, 1, .9, .8, .7, .7, .7, .7, .6, .5, .4, .4, .5, .6, .7, .8, .9, 1, 1, 1, 1},
    {1, 1, 1, 1, 1, .9, .8, .8, .8, .7, .6, .6, .6, .6, .6, .6, .8, .9, .9, .9, .9, 1, 1},
    {.9, .9, .9, .9, .9, .9, .9, .8, .7, .6, .6, .5, .5, .5, .5, .6, .7, .8, .7, .7, .8, .9, .9}};

// GB/s a channel between nodes.
constexpr double kSpeeds80[] = {48, 30, 28, 24, 20, 18, 15, 12, 10, 9, 7, 6, 5, 4, 3, 2.4, 1.2, 0.24, 0.12};
constexpr double kSpeeds90[] = {48, 45, 42, 40, 30, 24, 22, 20, 17.5, 15, 12, 6, 3, 2.4, 1.2, 0.24, 0.12};
constexpr double kSpeeds100[] = {96, 86,   80, 48, 45.1, 42, 40,  30,  24,   22,
                                 20, 17.5, 15, 12, 6,    3,  2.4, 1.2, 0.24, 0.12};

}  // namespace

const NcclTuning& nccl_tuning(NcclEra era) {
  return kTunings[static_cast<std::size_t>(era)];
}

double tree_correction(Protocol protocol, double bytes) {
  if (bytes < 64) return 1;
  const int index = std::ilogb(bytes / 64);
  return index < kCorrections ? kTreeCorrection[static_cast<int>(protocol)][index] : 1;
}

double nccl_nic_speed(GpuGeneration generation, Bandwidth line_rate) {
  std::span<const double> speeds = kSpeeds80;
  if (generation == GpuGeneration::hopper) speeds = kSpeeds90;
  if (generation == GpuGeneration::blackwell) speeds = kSpeeds100;
  const double limit = line_rate.value() / 1e9;
  for (const double speed : speeds) {
    if (speed <= limit) return speed * 1e9;
  }
  return line_rate.value();  // slower than anything NCCL knows
}

}  // namespace traincast
