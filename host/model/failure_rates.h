// What interrupts a job and how it gets going again, as configs state it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/origin.h"
#include "host/base/units.h"

namespace traincast {

struct FailureCause {
  std::string name;
  double share = 0;         // of Reliability::mtbf_per_gpu: grows with the GPUs,
  Frequency per_job;        // or this rate, whatever the size of the job
  Seconds rollback;         // silent data corruption: work spoiled before it is found
  bool planned = false;     // maintenance: announced, so that a checkpoint comes first
  bool takes_node = false;  // hardware: the node leaves for repair
};

// How long a communication library takes until all ranks can talk: what each rank adds (addresses passed
// around a ring), and each pair of ranks (loops over all ranks within all ranks).
struct Communicators {
  std::string library;  // its config; empty: none is known
  Seconds fixed, per_rank, per_rank_squared;
  Provenance from;
  Seconds start(double ranks) const { return fixed + per_rank * ranks + per_rank_squared * (ranks * ranks); }
};

struct Reliability {
  Seconds mtbf_per_gpu;    // between interruptions of all causes that grow with the GPUs; 0: none ever
  Seconds restart;         // from an interruption until steps run again, lost work not counted;
  bool by_phases = false;  // or the phases below add up to it
  Provenance from;
  std::vector<FailureCause> causes;  // none: one, that nothing more is known of

  // Phases of a restart; reading the checkpoint comes on top.
  Seconds detect;              // until it is noticed that steps have stopped, and why
  Seconds reschedule;          // until processes run on healthy nodes, of a small job,
  Seconds reschedule_per_gpu;  // and what each GPU adds
  Communicators communicators;

  std::int64_t spare_nodes = -1;  // on hold; below 0: a node is always at hand
  Seconds repair;                 // of a node

  bool by_replica = false;  // only the replica that was struck restarts,
  Seconds regroup;          // after all have waited so long
};

}  // namespace traincast
