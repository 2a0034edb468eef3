// A training run to estimate: a model on a cluster by a plan for so many tokens; and what was published about
// it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/base/date.h"
#include "host/base/origin.h"
#include "host/base/units.h"
#include "host/model/cluster.h"
#include "host/model/plan.h"
#include "host/model/stack.h"
#include "host/model/transformer.h"

namespace traincast {

// What somebody else says of the run. Absent where nothing was published.
struct PublishedFigures {
  std::optional<double> days_low, days_high;
  std::optional<double> mfu_low, mfu_high;  // fractions of the dense BF16 peak
  std::optional<double> gpu_hours;
  std::optional<double> flops;  // of the whole training
  std::optional<double> tflops_per_gpu;
  bool full_attention =
      false;              // FLOP rate and MFU count the full attention square (PaLM), not its causal half
  bool measured = false;  // by those who ran it; else somebody's estimate
  Provenance from;
};

// A stretch of the run with a sequence length, a batch and perhaps a plan of its own.
struct RunPart {
  std::string title;
  Tokens tokens;
  std::int64_t sequence = 0;
  Plan plan;  // on the run's GPUs; its global_batch is the part's, or what a ramp reaches when the part ends
  Stack stack;
  // A ramp: the batch begins with `rampup_start` sequences and grows by `rampup_increment` after equal shares
  // of the part's tokens (Megatron-LM's --rampup-batch-size, whose samples are the part's). 0: none.
  std::int64_t rampup_start = 0, rampup_increment = 0;
  Provenance from;
};

struct Run {
  std::string name;
  std::string title;  // one line for tables
  Transformer model;
  Cluster cluster;  // with fleets cut down to the GPUs that the run uses
  Plan plan;
  Stack stack;
  Tokens tokens;
  // In order; none: the whole run by `plan`. Else `plan`, `stack` and the model's sequence are those of the
  // main part, the one with the most tokens.
  std::vector<RunPart> parts;
  std::size_t main_part = 0;
  std::optional<Date> start;             // first day; given where the cluster has a timeline
  std::vector<std::string> assumptions;  // what is not published, in words
  std::optional<PublishedFigures> published;
  Provenance from;
};

}  // namespace traincast
