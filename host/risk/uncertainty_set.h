// configs/uncertainty/NAME.json: which inputs of a run are uncertain, how much, and who says so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/origin.h"
#include "host/base/units.h"
#include "host/config/find.h"
#include "host/risk/uncertainty_distribution.h"

namespace traincast {

enum class UncertainInput {
  flops,             // of the whole training, causal attention halved: more of them are more tokens
  step_time,         // measured over predicted
  mtbf_per_gpu,      // between interruptions of any cause
  restart,           // from an interruption until steps run again
  checkpoint_stall,  // of training, beyond the write
  straggler_spread,  // relative standard deviation of speed between GPUs
  server_power,      // a server's share of one GPU, in training
  pue,               // power of the site over that of servers, network and storage
  electricity_price,
  rent,      // of one GPU
  capital,   // of one GPU, with its share of the cluster
  co2,       // per energy
  failures,  // when they strike: chance, at known rates
};
inline constexpr int kUncertainInputs = 13;

// For machines ("mtbf_per_gpu"), and for people.
std::string_view key(UncertainInput input);
std::string_view title(UncertainInput input);
// No dimension: a ratio.
Dimension dimension(UncertainInput input);

struct UncertainValue {
  UncertainInput input = UncertainInput::flops;
  // Of the value in SI units; of a multiple of the run's own value where `relative`; unused where `residual`.
  Distribution distribution;
  bool relative = false;
  bool residual = false;  // the recorded errors of predicted step times (host/config/step_residuals.h)
  Provenance from;
};

struct UncertaintySet {
  std::string name;
  std::vector<UncertainValue>
      values;  // in the order of UncertainInput; chance is always there, and not listed
};

// {"origin", "source", "parent"? (a set whose inputs hold where this one has none), "inputs": {KEY:
// {"distribution": "lognormal", "p10", "p50"?, "p90"} or {"normal", "mean", "deviation", "low"?, "high"?} or
// {"uniform", "low", "high"} or {"triangular", "low", "mode", "high"} or {"discrete", "values", "weights"} or
// {"fixed", "value"} or, for step_time, {"residual"}; each with "relative"? and a source}}. Values have the
// input's unit, or none where relative. Throws ConfigError.
UncertaintySet load_uncertainty(const ConfigStore& store, std::string_view name_or_path);

// The set that a run names under "uncertainty", else "default".
std::string uncertainty_of_run(const ConfigStore& store, std::string_view run);

}  // namespace traincast
