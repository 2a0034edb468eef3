#include "host/report/trace.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/errors.h"
#include "host/calibrate/forecast.h"
#include "host/config/load.h"
#include "host/report/trace_report.h"

namespace traincast {
namespace {

using Json = nlohmann::json;

StepTimeline step_of(const std::string& name) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  Calibrator calibrator(store);
  const Run run = load_run(store, name);
  const CalibratedSystem system = calibrator.system(run, run.cluster.fleets.front().gpu);
  return simulate_step(run.model, run.plan, run.stack, system.view());
}

std::string trace_of(const StepTimeline& step, const TraceSelection& selection) {
  std::string bytes;
  write_trace(step, selection, {{"run", "a \"quoted\" run"}},
              [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

// Whole nanoseconds of a time in microseconds.
std::int64_t ns(const Json& value) {
  return std::llround(value.get<double>() * 1000);
}

// What the viewers ask of an event: "Trace Event Format", sections "Complete Events" and "Metadata Events".
void check_event(const Json& event) {
  ASSERT_TRUE(event.at("name").is_string());
  ASSERT_TRUE(event.at("pid").is_number_integer());
  ASSERT_TRUE(event.at("tid").is_number_integer());
  ASSERT_TRUE(event.at("args").is_object());
  const auto phase = event.at("ph").get<std::string>();
  if (phase == "M") {
    const std::set<std::string> known = {"process_name", "process_sort_index", "thread_name",
                                         "thread_sort_index"};
    EXPECT_TRUE(known.contains(event.at("name").get<std::string>()));
    return;
  }
  ASSERT_EQ(phase, "X");
  ASSERT_TRUE(event.at("ts").is_number());
  ASSERT_TRUE(event.at("dur").is_number());
  EXPECT_GE(event.at("ts").get<double>(), 0);
  EXPECT_GT(event.at("dur").get<double>(), 0);
  EXPECT_TRUE(event.at("cat").is_string());
}

class TraceTest : public testing::TestWithParam<const char*> {};

// 1F1B, interleaved and DualPipe; tensor, context, expert and data parallelism.
INSTANTIATE_TEST_SUITE_P(Runs, TraceTest,
                         testing::Values("llama-3.1-405b-16k", "grok-3-central-100k", "deepseek-v3-2k",
                                         "gpt-4-a100-25k", "llama-3-8b-one-node"));

TEST_P(TraceTest, LanesOfEachRankAddUpToTheStepWithoutGapOrOverlap) {
  const StepTimeline step = step_of(GetParam());
  const TraceSelection selection = select_ranks(step, kDefaultTraceEvents);
  const Json trace = Json::parse(trace_of(step, selection));
  EXPECT_EQ(trace.at("displayTimeUnit"), "ms");
  const Json& about = trace.at("otherData");
  EXPECT_EQ(about.at("schema_version"), kTraceSchemaVersion);
  EXPECT_EQ(about.at("run"), "a \"quoted\" run");
  const std::int64_t total = ns(about.at("step_time_us"));
  EXPECT_NEAR(static_cast<double>(total), step.total.value() * 1e9, 1);

  std::map<int, std::vector<std::pair<std::int64_t, std::int64_t>>> spans;  // by rank
  std::map<int, std::int64_t> sums;
  std::map<std::string, std::int64_t> lanes;
  for (const Json& event : trace.at("traceEvents")) {
    check_event(event);
    if (event.at("ph") != "X") continue;
    const int rank = event.at("pid").get<int>();
    const std::int64_t start = ns(event.at("ts"));
    spans[rank].emplace_back(start, start + ns(event.at("dur")));
    sums[rank] += ns(event.at("dur"));
    lanes[event.at("cat").get<std::string>()] += ns(event.at("dur"));
  }
  ASSERT_EQ(spans.size(), step.ranks.size());
  for (const auto& [rank, list] : spans) {
    EXPECT_EQ(sums.at(rank), total) << "rank " << rank;
    std::int64_t now = 0;
    for (const auto& [start, end] : list) {
      ASSERT_EQ(start, now) << "rank " << rank;
      now = end;
    }
    EXPECT_EQ(now, total);
  }
  std::int64_t in_lanes = 0;
  for (const auto& [lane, sum] : lanes) in_lanes += sum;
  EXPECT_EQ(in_lanes, total * static_cast<std::int64_t>(step.ranks.size()));
  EXPECT_GT(lanes["compute"], lanes["idle"]);
}

TEST_P(TraceTest, EveryPassOfEveryMicroBatchIsThere) {
  const StepTimeline step = step_of(GetParam());
  const Json trace = Json::parse(trace_of(step, select_ranks(step, kDefaultTraceEvents)));
  std::set<std::pair<std::int64_t, std::int64_t>> forward, backward;
  std::int64_t chunks = 0;
  for (const Json& event : trace.at("traceEvents")) {
    if (event.at("ph") != "X" || !event.at("args").contains("chunk")) continue;
    const auto chunk = event.at("args").at("chunk").get<std::int64_t>();
    const auto micro_batch = event.at("args").at("micro_batch").get<std::int64_t>();
    EXPECT_EQ(event.at("args").at("stage"), event.at("pid"));
    chunks = std::max(chunks, chunk + 1);
    if (event.at("name") == "forward") forward.emplace(micro_batch, chunk);
    if (event.at("name") == "backward") backward.emplace(micro_batch, chunk);
  }
  EXPECT_EQ(forward.size(), static_cast<std::size_t>(step.micro_batches * chunks));
  EXPECT_EQ(backward, forward);
}

TEST(Trace, NamesProcessesAndLanes) {
  const StepTimeline step = step_of("llama-3.1-405b-16k");
  const Json trace = Json::parse(trace_of(step, select_ranks(step, std::vector<std::int64_t>{3, 0, 3})));
  EXPECT_EQ(trace.at("otherData").at("ranks_shown"), 2);
  EXPECT_EQ(trace.at("otherData").at("pipeline_ranks"), 16);
  std::set<std::string> processes, lanes;
  for (const Json& event : trace.at("traceEvents")) {
    if (event.at("name") == "process_name") processes.insert(event.at("args").at("name"));
    if (event.at("name") == "thread_name") lanes.insert(event.at("args").at("name"));
  }
  EXPECT_EQ(processes, (std::set<std::string>{"pipeline rank 0", "pipeline rank 3"}));
  EXPECT_EQ(lanes,
            (std::set<std::string>{"compute", "tensor", "context", "expert", "pipeline", "data", "idle"}));
}

TEST(Trace, LargePipelinesKeepWholeRanksEvenlySpread) {
  StepTimeline step;
  for (int rank = 0; rank < 10; ++rank) {
    step.ranks.emplace_back().events.resize(100, {.start = Seconds(0), .end = Seconds(1)});
  }
  EXPECT_EQ(select_ranks(step, 1000).ranks.size(), 10U);
  const TraceSelection four = select_ranks(step, 499);
  EXPECT_EQ(four.ranks, (std::vector<std::int64_t>{0, 3, 6, 9}));
  EXPECT_EQ(four.events, 400U);
  EXPECT_EQ(select_ranks(step, 1).ranks, std::vector<std::int64_t>{0});
  EXPECT_THROW(select_ranks(step, std::vector<std::int64_t>{10}), UsageError);
  EXPECT_THROW(select_ranks(step, std::vector<std::int64_t>{-1}), UsageError);
}

TEST(Trace, ReportAddsUp) {
  const StepTimeline step = step_of("grok-3-central-100k");
  const Report report = trace_report(step, "grok-3-central-100k");
  double sum = 0;
  for (const auto& row : report.tables.front().rows) sum += std::get<double>(row[1].machine);
  EXPECT_NEAR(sum, step.total.value(), 1e-9 * step.total.value());
}

}  // namespace
}  // namespace traincast
