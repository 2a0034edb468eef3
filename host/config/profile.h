// What was measured (or published) about one kind of device and its fabric: rows of raw samples. calibrate/
// makes curves of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/base/collective.h"
#include "host/base/data_type.h"
#include "host/base/op.h"
#include "host/base/origin.h"
#include "host/base/units.h"

namespace traincast {

inline constexpr int kProfileSchemaVersion = 1;

// "cannot run here" is a row with a reason, not an error.
struct Timing {
  std::string skipped;                 // why there is no figure; "" when there is one
  Seconds median;                      // over samples and ranks
  std::vector<double> samples_s;       // of rank 0, in the order taken; empty in published profiles
  std::vector<double> rank_medians_s;  // by rank; empty where one rank measured
};

struct OpRow {
  Op op;
  Timing timing;
  bool sustained = false;  // after the device reached its steady clock under load; else a short burst
};

struct CollectiveRow {
  Collective collective = Collective::all_reduce;
  Bytes message;  // as host/base/collective.h defines it
  DataType dtype = DataType::bf16;
  int ranks = 1;
  int nodes = 1;
  std::string algorithm;  // "" where unknown
  bool verified = false;  // every element checked on every rank
  Timing timing;
};

struct ProfileDevice {
  std::string backend;  // "cpu", "cuda", or "" in published profiles
  std::string name;
  std::string driver;
  Bytes memory;
  Bytes last_level_cache;
  int multiprocessors = 0;
};

struct Profile {
  int schema_version = kProfileSchemaVersion;
  std::string name;          // "h100-sxm-published", or as the user names it
  std::string gpu;           // name of the GPU config it describes, "cpu", or "" where unknown
  std::string tool_version;  // of traincast
  std::string when;          // ISO 8601, UTC
  ProfileDevice device;
  std::vector<std::pair<std::string, std::string>> libraries;
  std::vector<std::string> hosts;  // by rank
  std::string communicator;        // "nccl", "mpi", "local" or ""
  int ranks = 1;
  int nodes = 1;
  Provenance from;
  std::vector<OpRow> ops;
  std::vector<CollectiveRow> collectives;
};

}  // namespace traincast
