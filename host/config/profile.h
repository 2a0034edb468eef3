// What was measured (or published) about one kind of device and its fabric: rows of raw samples. calibrate/
// makes curves of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/base/collective.h"
#include "host/base/data_type.h"
#include "host/base/host_op.h"
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

// The device of rank 0 right after a point was timed; what it does not report is absent.
struct DeviceState {
  std::optional<Frequency> clock;
  std::optional<Watts> power;
  std::optional<double> temperature_c;
  std::vector<std::string> throttle;  // NVML's reasons for a clock below the highest
  friend bool operator==(const DeviceState&, const DeviceState&) = default;
};

struct OpRow {
  Op op;
  Timing timing;
  bool sustained = false;      // after the device reached its steady clock under load; else a short burst
  std::string algorithm = {};  // what the library chose; "" where unknown
  Seconds best = {};           // of the best of several of its algorithms; 0 where that was not tried
  std::string best_algorithm = {};  // that one
  // Another measurement of the same op while this ran on the fabric, and how many times longer it took; ""
  // and 0: alone.
  std::string during = {};
  double slowdown = 0;
  DeviceState state = {};
};

// Launches and copies between host and device; kept apart because no model of a layer consists of them.
struct HostOpRow {
  HostOp op;
  Timing timing;
  DeviceState state = {};
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
  std::string protocol = {};  // "" where unknown
  int channels = 0;           // 0 where unknown
  Seconds estimate = {};      // the library's own forecast; 0 where it has none
  bool in_place = false;      // input and output share a buffer
  // Which ranks: "all", "node" (those of a node), "rail" (one of each node), "group" (some of a node). All
  // groups of the kind work at once, each of `ranks` ranks on `nodes` nodes; times are the slowest one's.
  std::string tier = {};
  int groups = 1;
  std::string during = {};  // as in OpRow: the op that ran meanwhile
  double slowdown = 0;
  DeviceState state = {};
};

// Files written and flushed by all ranks at once.
struct StorageRow {
  std::string folder;
  int writers = 1;  // ranks that wrote, each its own file
  int nodes = 1;
  Bytes bytes;                               // of each file
  Timing timing;                             // until the slowest writer had flushed
  std::vector<double> node_byte_per_s = {};  // by node, while all nodes wrote
};

// A rank whose device is slower than its peers beyond their spread; see host/measure/slow_devices.h.
struct SlowDevice {
  int rank = 0;
  std::string host, device;  // device: its id
  double slowdown = 1;       // median over ops of its time over the median rank's
  double limit = 1;          // beyond which it counts as slow
};

// How far a part of the measurement is: --resume goes on from here.
struct PassProgress {
  std::string pass;  // "gemm", "gemm sustained", ...
  std::int64_t points = 0, of = 0;
  Seconds spent;
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
  std::vector<std::string> devices = {};                          // ids by rank
  std::vector<std::pair<std::string, std::string>> options = {};  // what was asked for, as far as it matters
  Provenance from;
  std::vector<OpRow> ops;
  std::vector<CollectiveRow> collectives;
  std::vector<HostOpRow> host_ops = {};
  std::vector<StorageRow> storage = {};
  std::vector<SlowDevice> slow_devices = {};
  std::string telemetry = {};  // one line over all rows, or why there is none; "" in published profiles
  std::vector<PassProgress> progress = {};
};

}  // namespace traincast
