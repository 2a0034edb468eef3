// Rows of a profile as JSON, each kind read and written side by side.
#pragma once

#include <string>

#include "host/config/profile.h"
#include "host/config/reader.h"

namespace traincast {

std::string profile_line(const OpRow& row);
std::string profile_line(const CollectiveRow& row);
std::string profile_line(const HostOpRow& row);
std::string profile_line(const StorageRow& row);
std::string profile_line(const SlowDevice& row);
std::string profile_line(const PassProgress& row);

// Throw ConfigError of one line.
OpRow read_op_row(Reader& row);
CollectiveRow read_collective_row(Reader& row);
HostOpRow read_host_op_row(Reader& row);
StorageRow read_storage_row(Reader& row);
SlowDevice read_slow_device(Reader& row);
PassProgress read_pass_progress(Reader& row);

}  // namespace traincast
