#include "host/cli/forecasts.h"

#include <algorithm>
#include <array>
#include <utility>

#include "host/cli/output.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"

namespace traincast {

const OptionSpec kProfileOption{
    .name = "profile",
    .value_name = "PROFILE",
    .help = "take kernel times from this profile on the GPU it describes, not that GPU's sustained rates",
    .fallback = ""};

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
                                   const std::vector<std::string>& runs, std::optional<Profile> profile) {
  Calibrator calibrator(store, std::move(profile));
  std::vector<Forecast> forecasts;
  forecasts.reserve(runs.size());
  bool used = false;
  for (const std::string& run : runs) {
    forecasts.push_back(forecast(calibrator, load_run(store, run)));
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
