#include "host/import/points.h"

#include <utility>

#include "host/base/errors.h"
#include "host/config/json.h"
#include "host/import/limits.h"

namespace traincast {
namespace {

// As read_collective_row and read_timing.
constexpr double kLargest = 1e18, kShortest = 1e-12, kLongest = 1e9;

}  // namespace

void add_point(BandwidthTest& test, CollectiveRow row, const std::string& where) {
  const double size = row.message.value(), time = row.timing.median.value();
  if (!(size >= 1 && size <= kLargest)) {
    throw ConfigError(where + "a message of " + shortest(size) + " bytes; accepted: 1 to 1e18");
  }
  if (!(time >= kShortest && time <= kLongest)) {
    throw ConfigError(where + "a time of " + shortest(time) + " s; accepted: 1e-12 to 1e9");
  }
  if (test.rows.size() == kMaxImportedRows) {
    throw ConfigError(where + "one more result; accepted: up to " + std::to_string(kMaxImportedRows) +
                      " in one file");
  }
  test.rows.push_back(std::move(row));
}

void set_ranks(BandwidthTest& test, std::size_t first, const std::string& file, int ranks, int nodes) {
  if (ranks < 2) {
    throw ConfigError(file + ": names " + std::to_string(ranks) +
                      " ranks; accepted: 2 or more, here or with --ranks");
  }
  if (nodes > ranks) {
    throw ConfigError(file + ": " + std::to_string(nodes) + " nodes of " + std::to_string(ranks) +
                      " ranks; accepted: no more nodes than ranks");
  }
  for (std::size_t i = first; i < test.rows.size(); ++i) {
    test.rows[i].ranks = ranks;
    test.rows[i].nodes = nodes;
  }
}

}  // namespace traincast
