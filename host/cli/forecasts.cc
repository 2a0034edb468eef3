#include "host/cli/forecasts.h"

#include <algorithm>
#include <array>

#include "host/cli/output.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"

namespace traincast {

const OptionSpec kProfileOption{
    .name = "profile",
    .value_name = "PROFILE",
    .help = "take kernel times from this profile on the GPU it describes, not that GPU's sustained rates",
    .fallback = ""};

const OptionSpec kSetOption{
    .name = "set",
    .value_name = "PATH=VALUE",
    .help = "take this value, not the configs': gpus=65536, reliability.restart=5min, plan.micro_batch=2",
    .fallback = ""};

std::vector<Override> chosen_overrides(const Arguments& arguments) {
  std::vector<Override> overrides;
  for (const std::string& text : arguments.all("set")) overrides.push_back(parse_override(text));
  return overrides;
}

std::optional<Profile> chosen_profile(const Arguments& arguments, const ConfigStore& store) {
  if (!arguments.given("profile")) return std::nullopt;
  return load_profile(store, arguments.text("profile"));
}

std::vector<std::string> default_runs(const ConfigStore& store) {
  constexpr std::array<std::string_view, 13> kShown = {
      "gpt-4-a100-25k",      "gpt-4-colossus-100k", "llama-3.1-405b-16k", "deepseek-v3-2k",
      "grok-1-512",          "grok-1-8k",           "grok-2-15k",         "grok-3-low-100k",
      "grok-3-central-100k", "grok-3-high-100k",    "grok-3-low-200k",    "grok-3-central-200k",
      "grok-3-high-200k"};
  const std::vector<std::string> all = store.names(ConfigKind::runs);
  std::vector<std::string> found;
  for (const std::string_view run : kShown) {
    if (std::find(all.begin(), all.end(), run) != all.end()) found.emplace_back(run);
  }
  return found.empty() ? all : found;
}

std::vector<Forecast> forecast_all(const Arguments& arguments, const ConfigStore& store,
                                   const std::vector<std::string>& runs,
                                   const std::optional<Profile>& profile,
                                   const std::vector<Override>& overrides) {
  Calibrator calibrator(store, profile);
  std::vector<Forecast> forecasts;
  forecasts.reserve(runs.size());
  bool used = false;
  for (const std::string& run : runs) {
    if (overrides.empty()) {
      forecasts.push_back(forecast(calibrator, load_run(store, run)));
    } else {  // GPUs and networks may differ from run to run
      const EditedRun edited = RunConfigs(store, run).with(overrides);
      Calibrator own(edited.store, profile);
      forecasts.push_back(forecast(own, edited.run));
    }
    used = used || forecasts.back().profile_used;
  }
  if (calibrator.profile() && !used) {
    const Profile& given = *calibrator.profile();
    notice(arguments, "profile " + given.name + " describes " +
                          (given.gpu.empty() ? "an unnamed device" : given.gpu) +
                          ", which sets the pace of none of these runs: estimates rest on sustained rates of "
                          "the GPU configs");
  }
  return forecasts;
}

}  // namespace traincast
