#include "host/measure/device_state.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <vector>

#include "host/base/statistics.h"

namespace traincast {
namespace {

void for_each_state(const Profile& profile, const std::function<void(const DeviceState&)>& visit) {
  for (const OpRow& row : profile.ops) visit(row.state);
  for (const CollectiveRow& row : profile.collectives) visit(row.state);
  for (const HostOpRow& row : profile.host_ops) visit(row.state);
}

}  // namespace

DeviceState device_state(Telemetry& telemetry) {
  const TelemetrySample sample = telemetry.sample();
  return {.clock = sample.sm_clock,
          .power = sample.power,
          .temperature_c = sample.temperature_c,
          .throttle = sample.throttle_reasons};
}

std::string telemetry_line(const Profile& profile, const std::string& unavailable) {
  std::vector<double> clocks;
  double power_w = 0;
  double temperature_c = -1e9;
  std::map<std::string, int> reasons;
  for_each_state(profile, [&](const DeviceState& state) {
    if (state.clock) clocks.push_back(state.clock->value());
    if (state.power) power_w = std::max(power_w, state.power->value());
    if (state.temperature_c) temperature_c = std::max(temperature_c, *state.temperature_c);
    for (const std::string& reason : state.throttle) ++reasons[reason];
  });
  std::string line;
  const auto add = [&line](const std::string& part) { line.append(line.empty() ? "" : ", ").append(part); };
  if (!clocks.empty()) {
    const auto [low, high] = std::minmax_element(clocks.begin(), clocks.end());
    add("clock " + to_string(Frequency(*low)) + " to " + to_string(Frequency(*high)) + ", median " +
        to_string(Frequency(median(clocks))));
  }
  if (power_w > 0) add("power up to " + to_string(Watts(power_w)));
  if (temperature_c > -1e9) {
    char text[32];
    std::snprintf(text, sizeof text, "up to %.0f C", temperature_c);
    add(text);
  }
  for (const auto& [reason, rows] : reasons) add(reason + " in " + std::to_string(rows) + " rows");
  return line.empty() ? unavailable : line;
}

}  // namespace traincast
