// What an import adds to a profile is what the profile's reader accepts.
#pragma once

#include <cstddef>
#include <string>

#include "host/import/bandwidth_tests.h"

namespace traincast {

// `where` names the line, "log.txt:7: ". Throws ConfigError for a size or time that no profile holds, and for
// one row too many.
void add_point(BandwidthTest& test, CollectiveRow row, const std::string& where);

// Of the rows from `first` on. Throws ConfigError for fewer than two ranks and for more nodes than ranks.
void set_ranks(BandwidthTest& test, std::size_t first, const std::string& file, int ranks, int nodes);

}  // namespace traincast
