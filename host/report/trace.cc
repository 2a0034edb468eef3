#include "host/report/trace.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "host/base/errors.h"
#include "host/config/json.h"

namespace traincast {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 16;

std::int64_t nanoseconds(Seconds time) {
  return std::llround(time.value() * 1e9);
}

// "12.345": microseconds without a rounding of their own.
std::string microseconds(std::int64_t ns) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%lld.%03lld", static_cast<long long>(ns / 1000),
                static_cast<long long>(ns % 1000));
  return text.data();
}

// Gathers small texts into larger pieces.
class Output {
 public:
  explicit Output(const std::function<void(std::string_view)>& write) : write_(write) {}
  void event(const std::string& fields) {
    buffer_.append(first_ ? "\n{" : ",\n{").append(fields).append("}");
    first_ = false;
    if (buffer_.size() >= kPiece) flush();
  }
  void raw(std::string_view text) { buffer_ += text; }
  void flush() {
    write_(buffer_);
    buffer_.clear();
  }

 private:
  const std::function<void(std::string_view)>& write_;
  std::string buffer_;
  bool first_ = true;
};

std::string place(std::int64_t rank, int lane) {
  return "\"pid\":" + std::to_string(rank) + ",\"tid\":" + std::to_string(lane + 1);
}

void write_names(const TraceSelection& selection, Output& out) {
  for (const std::int64_t rank : selection.ranks) {
    const std::string number = std::to_string(rank);
    const std::string process = "\"pid\":" + number + ",\"tid\":0,\"args\":{";
    out.event("\"ph\":\"M\",\"name\":\"process_name\"," + process + "\"name\":\"pipeline rank " + number +
              "\"}");
    out.event("\"ph\":\"M\",\"name\":\"process_sort_index\"," + process + "\"sort_index\":" + number + "}");
    for (int lane = 0; lane < static_cast<int>(std::size(kLaneNames)); ++lane) {
      const std::string thread = place(rank, lane) + ",\"args\":{";
      out.event("\"ph\":\"M\",\"name\":\"thread_name\"," + thread +
                "\"name\":" + json_quote(kLaneNames[lane]) + "}");
      out.event("\"ph\":\"M\",\"name\":\"thread_sort_index\"," + thread +
                "\"sort_index\":" + std::to_string(lane) + "}");
    }
  }
}

// The name alone decides an event's colour, so it has no micro-batch in it.
std::string title(const LaneEvent& event) {
  std::string text(name(event.work));
  if (event.lane != Lane::compute && event.lane != Lane::idle && event.work != StepWork::gradients) {
    text += ", " + std::string(name(event.lane));
  }
  return text;
}

std::string details(const LaneEvent& event, std::int64_t rank) {
  std::string text = "{\"stage\":" + std::to_string(rank);
  if (event.micro_batch >= 0) text += ",\"micro_batch\":" + std::to_string(event.micro_batch);
  if (event.chunk >= 0) text += ",\"chunk\":" + std::to_string(event.chunk);
  return text + "}";
}

void write_rank(const StepTimeline& step, std::int64_t rank, Output& out) {
  for (const LaneEvent& event : step.ranks[static_cast<std::size_t>(rank)].events) {
    const std::int64_t start = nanoseconds(event.start);
    const std::int64_t length = nanoseconds(event.end) - start;
    if (length == 0) continue;  // less than a nanosecond: viewers would show it as a point
    out.event("\"ph\":\"X\",\"name\":" + json_quote(title(event)) +
              ",\"cat\":" + json_quote(name(event.lane)) + "," + place(rank, static_cast<int>(event.lane)) +
              ",\"ts\":" + microseconds(start) + ",\"dur\":" + microseconds(length) +
              ",\"args\":" + details(event, rank));
  }
}

std::size_t events_of(const StepTimeline& step, std::int64_t rank) {
  return step.ranks[static_cast<std::size_t>(rank)].events.size();
}

}  // namespace

TraceSelection select_ranks(const StepTimeline& step, std::size_t most) {
  const auto all = static_cast<std::int64_t>(step.ranks.size());
  for (std::int64_t count = all; count > 0; --count) {
    TraceSelection selection;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t rank = count == 1 ? 0 : i * (all - 1) / (count - 1);
      selection.ranks.push_back(rank);
      selection.events += events_of(step, rank);
    }
    if (selection.events <= most || count == 1) return selection;
  }
  return {};
}

TraceSelection select_ranks(const StepTimeline& step, std::vector<std::int64_t> ranks) {
  std::sort(ranks.begin(), ranks.end());
  ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  TraceSelection selection;
  for (const std::int64_t rank : ranks) {
    if (rank < 0 || rank >= static_cast<std::int64_t>(step.ranks.size())) {
      throw UsageError("the pipeline has no rank " + std::to_string(rank) + "; accepted: 0 to " +
                       std::to_string(step.ranks.size() - 1));
    }
    selection.events += events_of(step, rank);
  }
  selection.ranks = std::move(ranks);
  return selection;
}

void write_trace(const StepTimeline& step, const TraceSelection& selection,
                 const std::vector<std::pair<std::string, std::string>>& about,
                 const std::function<void(std::string_view)>& write) {
  Output out(write);
  out.raw("{\"displayTimeUnit\":\"ms\",\n\"otherData\":{\"schema_version\":" +
          std::to_string(kTraceSchemaVersion) + ",\"step_time_us\":" + microseconds(nanoseconds(step.total)) +
          ",\"pipeline_ranks\":" + std::to_string(step.ranks.size()) +
          ",\"ranks_shown\":" + std::to_string(selection.ranks.size()) +
          ",\"micro_batches\":" + std::to_string(step.micro_batches));
  for (const auto& [key, text] : about) out.raw("," + json_quote(key) + ":" + json_quote(text));
  out.raw("},\n\"traceEvents\":[");
  write_names(selection, out);
  for (const std::int64_t rank : selection.ranks) write_rank(step, rank, out);
  out.raw("\n]}\n");
  out.flush();
}

}  // namespace traincast
