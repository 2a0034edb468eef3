#include "host/calibrate/system.h"

#include <algorithm>
#include <utility>

#include "host/base/errors.h"
#include "host/calibrate/curves.h"
#include "host/calibrate/fabric.h"
#include "host/calibrate/rank_spread.h"
#include "host/calibrate/system_times.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "host/config/near.h"
#include "host/model/layer.h"
#include "host/model/roofline.h"

namespace traincast {
namespace {

constexpr FigureGroups kTimes =
    figure_groups({FigureGroup::step, FigureGroup::days, FigureGroup::energy, FigureGroup::cost});

// What a profile has no rows of: a part of it is measured, or its collectives alone are imported.
struct Missing {
  OpFlags ops{};
  std::vector<std::string> words;
  bool all = false;
};

Missing missing_rows(const Profile& profile) {
  OpFlags there{};
  for (const OpRow& row : profile.ops) {
    if (row.timing.skipped.empty()) there[row.op.index()] = true;
  }
  const bool gemm = there[Op(Gemm{}).index()];
  const bool grouped = gemm || there[Op(GroupedGemm{}).index()];  // dense ones stand for grouped ones
  const bool attention = there[Op(Attention{}).index()];
  const bool memory = there[Op(MemoryBound{}).index()];
  Missing missing{.ops = {!gemm, !grouped, !attention, !memory}, .all = !grouped && !attention && !memory};
  if (!gemm) missing.words.emplace_back("matrix products");
  if (!attention) missing.words.emplace_back("attention");
  if (!memory) missing.words.emplace_back("memory-bound kernels");
  return missing;
}

bool has_sustained_rows(const Profile& profile) {
  return std::any_of(profile.ops.begin(), profile.ops.end(), [](const OpRow& row) {
    return row.sustained && row.during.empty() && row.timing.skipped.empty();
  });
}

// Published tables do not say whether results were checked, which intra_node_curves() asks of a measurement.
std::vector<IntraNodeCurve> node_curves(Profile profile) {
  if (profile.from.origin != Origin::measured) profile.communicator.clear();
  return intra_node_curves(profile);
}

}  // namespace

CalibratedSystem::CalibratedSystem(const Gpu& gpu, std::unique_ptr<KernelTimes> kernels,
                                   std::unique_ptr<CollectiveTimes> collectives, std::int64_t nvlink_domain)
    : gpu_(gpu),
      kernels_(std::move(kernels)),
      collectives_(std::move(collectives)),
      nvlink_domain_(nvlink_domain) {}

System CalibratedSystem::view() const {
  return {.gpu = &gpu_,
          .kernels = kernels_.get(),
          .collectives = collectives_.get(),
          .nvlink_domain = nvlink_domain_};
}

Calibrator::Calibrator(const ConfigStore& store, std::optional<Profile> profile)
    : store_(store), profile_(std::move(profile)) {}

const Gpu& Calibrator::gpu(const std::string& name) {
  const auto found = gpus_.find(name);
  if (found != gpus_.end()) return found->second;
  return gpus_.emplace(name, load_gpu(store_, name)).first->second;
}

bool Calibrator::uses_profile(const std::string& gpu_name) const {
  return profile_ && profile_->gpu == gpu_name;
}

std::unique_ptr<KernelTimes> Calibrator::kernels(const Run& run, const Gpu& gpu, InputUsed& used) const {
  used.what = "kernel times";
  used.enters = kTimes;
  const Missing missing = uses_profile(gpu.name) ? missing_rows(*profile_) : Missing{.all = true};
  const DataType format = gemm_type(run.plan.precision);
  if (missing.all || missing.ops[Op(Gemm{}).index()]) {
    if (gpu.sustained.gemm[static_cast<std::size_t>(format)].plateau.value() <= 0) {
      throw ConfigError(store_.path(ConfigKind::gpus, gpu.name).string() + "#/sustained/gemm: no rate for " +
                        std::string(name(format)) + ", in which plan " + run.plan.name + " trains");
    }
  }
  RooflineTimes elsewhere(gpu.sustained, run.stack.attention);
  if (!missing.all) {
    const bool sustained = has_sustained_rows(*profile_);
    used.name = profile_->name;
    used.from = profile_->from;
    used.from.source =
        "profile " + profile_->name + " (" +
        (sustained ? "sustained rates" : "bursts only: training under power limits runs some 10 % slower") +
        "): " + profile_->from.source;
    if (!missing.words.empty()) {
      used.from.origin = weakest(used.from.origin, gpu.sustained.from.origin);
      used.from.source += "; " + join(missing.words, " and ") +
                          ", which it has no rows of, from the sustained training rates of " + gpu.name;
    }
    return std::make_unique<CurveTimes>(build_curves(*profile_, gpu), missing.ops, std::move(elsewhere));
  }
  used.name = gpu.name;
  used.from = gpu.sustained.from;
  used.from.source = "sustained training rates of " + gpu.name + ": " + gpu.sustained.from.source;
  return std::make_unique<RooflineTimes>(std::move(elsewhere));
}

const Calibrator::Curves& Calibrator::shipped_curves(const std::string& profile) {
  const auto found = curves_.find(profile);
  if (found != curves_.end()) return found->second;
  const Profile read = load_profile(store_, profile);
  return curves_.emplace(profile, Curves{read.gpu, node_curves(read), read.from}).first->second;
}

Fabric Calibrator::fabric(const Cluster& cluster, const Gpu& gpu, InputUsed& used) {
  Fabric fabric = default_fabric(gpu, cluster);
  used = {.what = "collectives", .name = cluster.name, .from = cluster.network.from, .enters = kTimes};
  used.from.origin = weakest(used.from.origin, fabric.from.origin);
  used.from.source = fabric.from.source + "; network: " + cluster.network.from.source;
  std::string curves_of;
  if (uses_profile(gpu.name) && (fabric.gpus_per_node <= 8 || profile_->nodes == 1)) {
    fabric.curves = node_curves(*profile_);
    curves_of = profile_->name;
  }
  // Shipped tables are of nodes of eight.
  if (fabric.curves.empty() && !gpu.profile.empty() && fabric.gpus_per_node <= 8) {
    // Another GPU's table holds where the NVLink is the same.
    const Curves& shipped = shipped_curves(gpu.profile);
    if (shipped.gpu == gpu.name || this->gpu(shipped.gpu).links.nvlink == gpu.links.nvlink) {
      fabric.curves = shipped.curves;
      curves_of = gpu.profile;
    }
  }
  if (!fabric.curves.empty()) used.from.source += "; inside a node: profile " + curves_of;
  return fabric;
}

CalibratedSystem Calibrator::system(const Run& run, const std::string& gpu_name) {
  const Gpu& gpu = this->gpu(gpu_name);
  InputUsed kernel_input;
  InputUsed fabric_input;
  std::unique_ptr<KernelTimes> kernel_times = kernels(run, gpu, kernel_input);
  Fabric calibrated = fabric(run.cluster, gpu, fabric_input);
  const std::int64_t domain = calibrated.gpus_per_node;
  CalibratedSystem system(gpu, std::move(kernel_times), std::make_unique<FabricTimes>(std::move(calibrated)),
                          domain);
  system.add_input(std::move(kernel_input));
  system.add_input(std::move(fabric_input));
  const std::optional<RankSpread> spread = uses_profile(gpu.name) ? rank_spread(*profile_) : std::nullopt;
  if (spread) {
    system.set_spread(spread->fixed);
    system.add_input({"spread between GPUs", profile_->name, profile_->from, kTimes});
  }
  return system;
}

}  // namespace traincast
