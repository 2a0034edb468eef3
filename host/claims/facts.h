// What claims are tested with that no config of a GPU, cluster or run holds (configs/claims/facts.json).
#pragma once

#include <string>
#include <vector>

#include "host/base/origin.h"
#include "host/base/units.h"
#include "host/config/find.h"
#include "host/config/reader.h"

namespace traincast {

// One input, with the range that it may lie in.
struct Fact {
  std::string name;
  std::string what;  // in words, with what its range spans
  Dimension dimension;
  double low = 0, value = 0, high = 0;  // SI; low <= value <= high
  Provenance from;
};

// Runs that differ in what is not known of one.
struct RunRange {
  std::string name;
  std::string what;
  std::string low, value, high;  // runs
  Provenance from;
};

struct Facts {
  std::vector<Fact> facts;
  std::vector<RunRange> run_ranges;
};

// Throws ConfigError: a name twice, a value outside of its own range, runs that there are not, ...
Facts read_facts(Reader root, const ConfigStore& store);
Facts load_facts(const ConfigStore& store);  // configs/claims/facts.json

}  // namespace traincast
