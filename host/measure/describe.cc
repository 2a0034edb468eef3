// What a profile says of the machine before anything is timed.
#include <array>
#include <ctime>

#include "host/measure/measure.h"

namespace traincast {
namespace {

std::string_view name(Effort effort) {
  constexpr std::array<std::string_view, 3> kNames{"quick", "normal", "full"};
  return kNames[static_cast<std::size_t>(effort)];
}

std::string names(const std::vector<Section>& sections) {
  std::string all;
  for (const Section section : sections) all.append(all.empty() ? "" : ",").append(name(section));
  return all;
}

}  // namespace

std::string_view name(Mode mode) {
  constexpr std::array<std::string_view, kModes> kNames{"burst", "sustained", "both"};
  return kNames[static_cast<std::size_t>(mode)];
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

Profile describe_machine(const DeviceInfo& info, const Communicator& communicator, Session& session,
                         const MeasureOptions& options) {
  Profile profile;
  profile.name = options.name;
  profile.gpu = options.gpu;
  profile.tool_version = options.tool_version;
  profile.when = options.when();
  profile.device = {.backend = info.backend,
                    .name = info.name,
                    .driver = info.driver,
                    .memory = info.memory,
                    .last_level_cache = info.last_level_cache,
                    .multiprocessors = info.multiprocessors};
  profile.libraries = info.libraries;
  for (const auto& library : communicator.libraries()) profile.libraries.push_back(library);
  profile.hosts = session.all_gather(session.host());
  profile.devices = session.all_gather(info.id);
  profile.communicator = communicator.name();
  profile.ranks = session.size();
  profile.nodes = session.nodes();
  profile.options = {{"effort", std::string(name(options.effort))},
                     {"mode", std::string(name(options.mode))},
                     {"ops", names(options.sections)},
                     {"runs", options.runs},
                     {"storage", options.storage},
                     {"algorithms", std::to_string(options.algorithms)}};
  const std::string ranks = session.size() == 1 ? " rank" : " ranks";
  profile.from = {Origin::measured, "traincast measure, " + std::to_string(session.size()) + ranks + " of " +
                                        info.name + " on " + session.host() + ", " + profile.when};
  return profile;
}

}  // namespace traincast
