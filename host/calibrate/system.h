// What a run's step is timed on: one GPU, its kernels and its fabric, calibrated and owned in one place.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/find.h"
#include "host/config/profile.h"
#include "host/model/collectives.h"
#include "host/model/inputs.h"
#include "host/model/run.h"
#include "host/model/system.h"

namespace traincast {

class CalibratedSystem {
 public:
  CalibratedSystem(const Gpu& gpu, std::unique_ptr<KernelTimes> kernels,
                   std::unique_ptr<CollectiveTimes> collectives, std::int64_t nvlink_domain);
  System view() const;  // valid while this lives
  const Gpu& gpu() const { return gpu_; }
  const std::vector<InputUsed>& inputs() const { return inputs_; }    // kernels and collectives
  void set_spread(double spread) { gpu_.sustained.spread = spread; }  // between GPUs, as measured
  void add_input(InputUsed input) { inputs_.push_back(std::move(input)); }

 private:
  Gpu gpu_;
  std::unique_ptr<KernelTimes> kernels_;
  std::unique_ptr<CollectiveTimes> collectives_;
  std::int64_t nvlink_domain_;
  std::vector<InputUsed> inputs_;
};

// Makes systems, and reads each GPU and each profile once however many runs ask for it.
class Calibrator {
 public:
  // `profile`: kernel times come from it on the GPU that it describes, instead of that GPU's sustained
  // training rates; and collectives inside a node, where it has them.
  explicit Calibrator(const ConfigStore& store, std::optional<Profile> profile = std::nullopt);

  // Throws ConfigError where the GPU has no sustained rate for the plan's number format.
  CalibratedSystem system(const Run& run, const std::string& gpu_name);
  const Gpu& gpu(const std::string& name);
  // Does the profile describe this GPU?
  bool uses_profile(const std::string& gpu_name) const;
  const std::optional<Profile>& profile() const { return profile_; }
  // What collectives cost on a cluster of this GPU; `used` says what that rests on.
  Fabric fabric(const Cluster& cluster, const Gpu& gpu, InputUsed& used);

 private:
  std::unique_ptr<KernelTimes> kernels(const Run& run, const Gpu& gpu, InputUsed& used) const;

  const ConfigStore& store_;
  std::optional<Profile> profile_;
  std::map<std::string, Gpu, std::less<>> gpus_;
  struct Curves {
    std::string gpu;
    std::vector<IntraNodeCurve> curves;
    Provenance from;
  };
  const Curves& shipped_curves(const std::string& profile);
  std::map<std::string, Curves, std::less<>> curves_;
};

}  // namespace traincast
