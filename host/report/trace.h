// A simulated step as a timeline that chrome://tracing and ui.perfetto.dev open: "Trace Event Format", JSON
// object format. A process is a pipeline rank, a thread is a lane (host/model/simulate.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/model/simulate.h"

namespace traincast {

inline constexpr int kTraceSchemaVersion = 1;
// About 150 bytes each: a viewer in a browser still opens so many.
inline constexpr std::size_t kDefaultTraceEvents = 1'000'000;

// What of a step a trace shows.
struct TraceSelection {
  std::vector<std::int64_t> ranks;  // pipeline ranks, ascending
  std::size_t events = 0;           // of those ranks
};

// Every rank where the step has no more than `most` events; else whole ranks, evenly spread from the first to
// the last, as many as fit, but one at least: a rank with a part of its events would not add up to the step.
TraceSelection select_ranks(const StepTimeline& step, std::size_t most);

// Only these. Throws UsageError for a rank that the pipeline does not have.
TraceSelection select_ranks(const StepTimeline& step, std::vector<std::int64_t> ranks);

// Writes metadata (ph M) and complete events (ph X) piece by piece. Times are whole nanoseconds, printed as
// microseconds: the durations of a rank add up to the step exactly. `about` becomes "otherData", beside
// schema_version, step_time_us, pipeline_ranks and ranks_shown. Events carry micro_batch, chunk (in the
// model's order) and stage (the pipeline rank) where they belong to one.
void write_trace(const StepTimeline& step, const TraceSelection& selection,
                 const std::vector<std::pair<std::string, std::string>>& about,
                 const std::function<void(std::string_view)>& write);

}  // namespace traincast
