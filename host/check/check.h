// `traincast check`: a real training step on the ranks at hand, measured and predicted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/check/at_hand.h"
#include "host/check/player.h"
#include "host/check/prediction.h"
#include "host/check/shape_profile.h"
#include "host/config/find.h"
#include "host/model/memory.h"

namespace traincast {

// What is wrong with a command is said once: rank 0 goes first, the others follow when it is through.
// Collective.
template <typename Work>
auto rank_0_first(Session& session, Work work) {
  if (session.rank() != 0) session.barrier();
  auto result = work();
  if (session.rank() == 0) session.barrier();
  return result;
}

struct CheckRequest {
  Transformer model;       // full size, with the sequence to train
  std::int64_t scale = 0;  // what `model` is divided by; 0: 1 on an accelerator, kCpuScale on a CPU
  std::optional<std::int64_t> sequence;  // not scaled
  std::int64_t layers = 0;               // 0: as many as fit; on a CPU no more than fill kCpuStep
  PlanRequest plan;
  int tries = 5;
  std::optional<Profile> profile;  // measured here where absent
  std::string gpu;                 // config of the device, see gpu_config_of; "" where there is none
  std::string tool_version;
  std::uint64_t seed = 1;
  std::function<std::string()> when;
  std::function<void(std::string_view)> notice = [](std::string_view) {};
};
inline constexpr std::int64_t kCpuScale = 8;
inline constexpr Seconds kCpuStep{1};

struct ClassResult {
  OpClass op_class = OpClass::gemm_forward;
  std::int64_t count = 0;     // executed in a step
  std::int64_t expected = 0;  // in the prediction's step
  Seconds measured, predicted, alone;
  std::string why;  // nothing of it ran; else ""
};

struct CheckResult {
  Run run;  // as played
  std::int64_t scale = 1;
  std::int64_t full_layers = 0;  // of the model
  RanksAtHand ranks;
  DeviceInfo device;
  MemoryEstimate memory;
  std::vector<Seconds> tries;  // whole steps, of the slowest rank
  Seconds measured;            // their median
  StepPrediction prediction;
  std::vector<ClassResult> classes;  // in the order of OpClass
  MessageTimes tensor, data;         // measured, in the same plays as the classes
  std::vector<Unsupported> unsupported;
  double exposed_share = 1;
  double processor_share = 0;          // of the steps; a CPU under load has less than one
  double profile_processor_share = 0;  // while the profile was measured; 0 where one was given
  Profile profile;                     // that the prediction rests on
  bool profile_given = false;

  double error() const { return prediction.step.time / measured - 1; }  // of the prediction
  // Of the measured step: neither an op class nor waiting for messages.
  Seconds rest() const;
};

// Collective: every rank gets the same result. Throws UsageError, InfeasiblePlan, ConfigError, DeviceError
// and CommError; what a backend cannot run is a row with its reason.
CheckResult check_step(RankMachine& machine, const ConfigStore& store, const CheckRequest& request);

}  // namespace traincast
