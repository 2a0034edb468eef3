// The two networks that simple simulators know, NVLink and the fabric, as rates and latencies fitted to what
// our collectives take at the sizes of a run.
#pragma once

#include "host/base/units.h"
#include "host/model/run.h"
#include "host/model/system.h"

namespace traincast {

// seconds = latency + factor x bytes x (n - 1) / n / (rate x efficiency); factor 1 for all_gather. Sends go
// from one rank to another: bytes x send / (rate x efficiency).
struct Link {
  Bandwidth rate;         // line rate of one GPU, one direction
  double efficiency = 1;  // above 0, at most 1
  Seconds latency;
  std::int64_t size = 1;  // GPUs that it joins
  double reduce_scatter = 1, all_reduce = 2, send = 1;
};

struct Links {
  Link domain;                             // 0: NVLink
  Link fabric;                             // 1
  int tensor = 0, pipeline = 1, data = 1;  // which of them
};

// The line through a message too small to matter and one of the run, between the ranks of a group.
Link fitted(Bandwidth rate, std::int64_t size, const CommGroup& group, Bytes message, const System& system);

// Tensor ranks innermost, then data, then pipeline.
Links links_of(const Run& run, const System& system);

// Of a micro-batch between tensor ranks (gathered) and between stages; and gradients of one layer on one rank
// in the format of the weights.
Bytes tensor_message(const Run& run);
Bytes stage_message(const Run& run);
Bytes layer_message(const Run& run);

}  // namespace traincast
