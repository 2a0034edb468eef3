#include <string>

#include "host/base/file.h"
#include "host/config/json_line.h"
#include "host/config/load_profile.h"
#include "host/config/profile_rows.h"

namespace traincast {
namespace {

std::string device_line(const ProfileDevice& device) {
  Line line;
  if (!device.backend.empty()) line.text("backend", device.backend);
  if (!device.name.empty()) line.text("name", device.name);
  if (!device.driver.empty()) line.text("driver", device.driver);
  line.number("memory_bytes", device.memory.value());
  line.number("last_level_cache_bytes", device.last_level_cache.value());
  return line.count("multiprocessors", device.multiprocessors).str();
}

template <typename Rows>
std::string list(const Rows& rows) {
  std::string text;
  for (const auto& row : rows) {
    text += text.empty() ? "[\n    " : ",\n    ";
    text += profile_line(row);
  }
  return text.empty() ? "[]" : text + "\n  ]";
}

}  // namespace

std::string profile_text(const Profile& profile) {
  std::string text = "{\n  \"schema_version\": " + std::to_string(profile.schema_version);
  const auto member = [&](std::string_view key, const std::string& json) {
    text += ",\n  ";
    text += json_quote(key);
    text += ": ";
    text += json;
  };
  // A text that is not known is left out: the reader takes no empty texts.
  const auto text_member = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) member(key, json_quote(value));
  };
  const auto texts = [](const std::vector<std::string>& values) {
    std::string list;
    for (const std::string& value : values) list += (list.empty() ? "" : ", ") + json_quote(value);
    return std::string("[").append(list).append("]");
  };
  text_member("gpu", profile.gpu);
  text_member("tool_version", profile.tool_version);
  text_member("when", profile.when);
  member("device", device_line(profile.device));
  Line libraries;
  for (const auto& [library, version] : profile.libraries) libraries.text(library, version);
  member("libraries", libraries.str());
  member("hosts", texts(profile.hosts));
  text_member("communicator", profile.communicator);
  member("ranks", std::to_string(profile.ranks));
  member("nodes", std::to_string(profile.nodes));
  if (!profile.devices.empty()) member("devices", texts(profile.devices));
  if (!profile.options.empty()) {
    Line options;
    for (const auto& [option, value] : profile.options) options.text(option, value);
    member("options", options.str());
  }
  text_member("telemetry", profile.telemetry);
  member("origin", json_quote(name(profile.from.origin)));
  member("source", json_quote(profile.from.source));
  const auto rows = [&](std::string_view key, const auto& list_of) {
    if (!list_of.empty()) member(key, list(list_of));
  };
  rows("progress", profile.progress);
  rows("slow_devices", profile.slow_devices);
  member("ops", list(profile.ops));
  member("collectives", list(profile.collectives));
  rows("host_ops", profile.host_ops);
  rows("storage", profile.storage);
  return text + "\n}\n";
}

void save_profile(const Profile& profile, const std::filesystem::path& file) {
  const std::string text = profile_text(profile);
  write_file_atomically(file, text);
  static_cast<void>(parse_profile(text, file));
}

}  // namespace traincast
