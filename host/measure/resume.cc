#include "host/measure/resume.h"

#include <algorithm>
#include <cstdint>

namespace traincast {
namespace {

std::string differ(const std::string& what, const std::string& earlier, const std::string& now) {
  if (earlier == now) return "";
  return what + " \"" + earlier + "\" there, \"" + now + "\" here";
}

const std::string& value_of(const Profile& profile, const std::string& option) {
  static const std::string kNone;
  const auto found = std::find_if(profile.options.begin(), profile.options.end(),
                                  [&](const auto& entry) { return entry.first == option; });
  return found == profile.options.end() ? kNone : found->second;
}

}  // namespace

std::string why_not_resumable(const Profile& earlier, const Profile& now) {
  std::string why = differ("device", earlier.device.backend + " " + earlier.device.name,
                           now.device.backend + " " + now.device.name);
  const auto check = [&why](const std::string& text) {
    if (why.empty()) why = text;
  };
  check(differ("driver", earlier.device.driver, now.device.driver));
  check(differ("ranks", std::to_string(earlier.ranks), std::to_string(now.ranks)));
  check(differ("nodes", std::to_string(earlier.nodes), std::to_string(now.nodes)));
  check(differ("fabric", earlier.communicator, now.communicator));
  check(differ("traincast", earlier.tool_version, now.tool_version));
  if (earlier.libraries != now.libraries) check("other versions of the libraries");
  if (earlier.options.empty()) check("it was not written by measure");
  for (const auto& [option, value] : now.options)
    check(differ("option " + option, value_of(earlier, option), value));
  return why;
}

PassProgress progress_of(const Profile& profile, std::string_view pass) {
  for (const PassProgress& progress : profile.progress) {
    if (progress.pass == pass) return progress;
  }
  return {.pass = std::string(pass)};
}

void set_progress(Profile& profile, const PassProgress& progress) {
  for (PassProgress& known : profile.progress) {
    if (known.pass != progress.pass) continue;
    known = progress;
    return;
  }
  profile.progress.push_back(progress);
}

std::string broadcast_text(Session& session, const std::string& text) {
  std::uint64_t size = text.size();
  session.broadcast(&size, sizeof size, 0);
  std::string copy = session.rank() == 0 ? text : std::string(size, '\0');
  session.broadcast(copy.data(), copy.size(), 0);
  return copy;
}

}  // namespace traincast
