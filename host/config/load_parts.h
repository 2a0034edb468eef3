// The parts of a run config: batch-size ramps, phases of sequence length, plans of their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/config/find.h"
#include "host/config/reader.h"
#include "host/model/run.h"

namespace traincast {

// Of a run; batch sizes of all its ramps together.
inline constexpr std::size_t kMostParts = 100;
inline constexpr std::int64_t kMostBatchSizes = 2000;

// A part as the file states it; what it leaves out, it takes from the run.
struct StatedPart {
  Reader at;
  std::string title;
  std::string plan;                          // "": the run's
  std::optional<Tokens> tokens;              // what the others leave
  std::optional<std::int64_t> sequence;      // the model's
  std::optional<std::int64_t> global_batch;  // its plan's
  std::optional<std::int64_t> rampup_start, rampup_increment;
  Provenance from;
};

// The key "parts"; none where it is absent. Before Reader::finish(), as any key.
std::vector<StatedPart> read_parts(Reader& root, const ConfigStore& store);

// Its layout, by the model, plan and stack of the run: everything but the tokens. Refuses nothing yet.
RunPart part_layout(const StatedPart& stated, const Run& run, const ConfigStore& store);

// The plans that have to be laid out for a part: at its batch and, of a ramp, at that which it begins with
// and the next; if those divide, all do.
std::vector<Plan> part_plans(const RunPart& part, bool with_increment = true);

// Fills in run.parts, the main part, and the plan, stack and sequence of the run. Refuses tokens that do not
// add up, a part of less than a step, and batches, sequences and plans that cannot be laid out on the run's
// GPUs. The run has its tokens, model, cluster, plan and stack.
void add_parts(Run& run, const Reader& root, const std::vector<StatedPart>& stated, const ConfigStore& store);

}  // namespace traincast
