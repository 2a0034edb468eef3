// What the commands that draw share.
#pragma once

#include <cstdint>
#include <optional>

#include "host/cli/arguments.h"
#include "host/config/find.h"
#include "host/model/forecast.h"
#include "host/risk/uncertainty.h"

namespace traincast {

extern const OptionSpec kDrawsOption;
extern const OptionSpec kSeedOption;
std::uint64_t chosen_seed(const Arguments& arguments);
UncertaintyOptions chosen_draws(const Arguments& arguments);

// Of a feasible forecast that was made from this store. None where the configs have no
// uncertainty/default.json and the run names no other, with a remark on the standard error.
std::optional<Uncertainty> uncertainty_of(const Arguments& arguments, const ConfigStore& store,
                                          const Forecast& forecast);

}  // namespace traincast
