// Profiles in and out. Programs write SI values with the unit in the key ("median_s", "message_bytes"). What
// save_profile writes, load_profile reads back exactly, doubles included.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "host/config/find.h"
#include "host/config/profile.h"

namespace traincast {

// Throws ConfigError of one line; also for a schema_version that this program does not read.
Profile load_profile(const ConfigStore& store, std::string_view name_or_path);
Profile load_profile(const std::filesystem::path& file);
// `file` names the text in messages and, by its stem, the profile.
Profile parse_profile(std::string_view text, const std::filesystem::path& file);

// One row a line, so that differences between two profiles are readable.
std::string profile_text(const Profile& profile);

// Writes the file whole or not at all; throws ConfigError. Profile::name is the file's name and not written.
// Also throws, the file being written nevertheless so that no measurement is lost, where parse_profile would
// refuse it: an empty source, a time that is not above zero.
void save_profile(const Profile& profile, const std::filesystem::path& file);

}  // namespace traincast
