// What the commands that estimate share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/calibrate/forecast.h"
#include "host/cli/arguments.h"
#include "host/config/find.h"
#include "host/config/override.h"
#include "host/config/profile.h"

namespace traincast {

// --profile, loaded; none where it is not given.
std::optional<Profile> chosen_profile(const Arguments& arguments, const ConfigStore& store);
extern const OptionSpec kProfileOption;

// --set, each PATH=VALUE; none where it is not given.
std::vector<Override> chosen_overrides(const Arguments& arguments);
extern const OptionSpec kSetOption;

// The runs that `compare` shows by itself, as far as this folder has them; every run where it has none of
// them.
std::vector<std::string> default_runs(const ConfigStore& store);

// One forecast a run, with the same inputs set in each. Remarks on the standard error where a profile was
// given that describes none of their GPUs.
std::vector<Forecast> forecast_all(const Arguments& arguments, const ConfigStore& store,
                                   const std::vector<std::string>& runs,
                                   const std::optional<Profile>& profile,
                                   const std::vector<Override>& overrides = {});

}  // namespace traincast
