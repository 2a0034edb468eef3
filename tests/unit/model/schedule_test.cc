#include "host/model/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "host/base/errors.h"
#include "host/model/memory.h"
#include "host/model/schedule_time.h"
#include "host/model/simulate_pipeline.h"

namespace traincast {
namespace {

constexpr Schedule kSchedules[] = {Schedule::one_f_one_b, Schedule::interleaved, Schedule::zb_h1,
                                   Schedule::dual_pipe};

std::string text(const PipelineShape& shape) {
  return std::string(name(shape.schedule)) + " p " + std::to_string(shape.ranks) + " v " +
         std::to_string(shape.virtual_stages) + " m " + std::to_string(shape.micro_batches);
}

// Shapes of a schedule with at least `least` micro-batches a rank.
std::vector<PipelineShape> shapes(Schedule schedule, double least = 0) {
  std::vector<PipelineShape> out;
  const bool interleaved = schedule == Schedule::interleaved;
  for (const std::int64_t p : {1, 2, 4, 6, 8, 16}) {
    for (const std::int64_t v : {1, 2, 3, 6}) {
      if (interleaved ? v == 1 || p == 1 : v > 1) continue;
      const std::set<std::int64_t> counts{1, p / 2 + 1, p, p + 1, 2 * p, 3 * p + 1, 8 * p};
      for (const std::int64_t m : counts) {
        if (static_cast<double>(m) >= least * static_cast<double>(p)) out.push_back({schedule, p, v, m});
      }
    }
  }
  return out;
}

std::vector<ChunkTimes> equal_chunks(const PipelineShape& shape, double forward, double input,
                                     double weight) {
  const double v = static_cast<double>(shape.virtual_stages);
  return std::vector<ChunkTimes>(static_cast<std::size_t>(shape.chunks()),
                                 {Seconds(forward / v), Seconds((input + weight) / v), Seconds(weight / v)});
}

// An output head of 30 % of a rank's work on the last chunk, an embedding of 5 % on the first, and one chunk
// in two with a tenth more layers.
std::vector<ChunkTimes> uneven_chunks(const PipelineShape& shape) {
  std::vector<ChunkTimes> chunks = equal_chunks(shape, 1, 1.1, 0.9);
  const double v = static_cast<double>(shape.virtual_stages);
  const auto grow = [&](ChunkTimes& chunk, double share) {
    chunk.forward += Seconds(share);
    chunk.backward += Seconds(2 * share);
    chunk.weight_gradient += Seconds(0.9 * share);
  };
  for (std::size_t i = 1; i < chunks.size(); i += 2) grow(chunks[i], 0.1 / v);
  grow(chunks.back(), 0.3);
  grow(chunks.front(), 0.05);
  return chunks;
}

Seconds closed_form(const PipelineShape& shape, const std::vector<ChunkTimes>& chunks,
                    const ChunkMessage& message) {
  PipelineTime time(shape, message);
  const auto at = [&](std::int64_t chunk) { return chunks[static_cast<std::size_t>(chunk)]; };
  for (std::int64_t rank = 0; rank < shape.ranks; ++rank) {
    for (std::int64_t local = 0; local < shape.virtual_stages; ++local) {
      ChunkTimes chunk = at(local * shape.ranks + rank);
      if (shape.schedule == Schedule::dual_pipe) {
        const ChunkTimes other = at(shape.ranks - 1 - rank);
        chunk = {0.5 * (chunk.forward + other.forward), 0.5 * (chunk.backward + other.backward),
                 0.5 * (chunk.weight_gradient + other.weight_gradient)};
      }
      time.add(chunk);
    }
  }
  return time.total();
}

double simulated(const PipelineShape& shape, const std::vector<ChunkTimes>& chunks,
                 ChunkMessage message = {}) {
  return simulate_pipeline(shape, chunks, message).total.value();
}

TEST(Schedule, EveryMicroBatchPassesEveryChunkOnceOnItsRank) {
  for (const Schedule schedule : kSchedules) {
    for (const PipelineShape& shape : shapes(schedule)) {
      SCOPED_TRACE(text(shape));
      std::map<std::tuple<std::int64_t, std::int64_t, TaskKind>, int> seen;
      for (std::int64_t rank = 0; rank < shape.ranks; ++rank) {
        for (const Task& task : rank_order(shape, rank)) {
          EXPECT_EQ(shape.rank_of(task.micro_batch, task.chunk), rank);
          EXPECT_TRUE(task.chunk >= 0 && task.chunk < shape.chunks());
          EXPECT_TRUE(task.micro_batch >= 0 && task.micro_batch < shape.micro_batches);
          EXPECT_EQ(++seen[std::tuple(task.micro_batch, task.chunk, task.kind)], 1);
        }
      }
      const std::int64_t kinds = shape.splits_backward() ? 3 : 2;
      EXPECT_EQ(static_cast<std::int64_t>(seen.size()), shape.micro_batches * shape.chunks() * kinds);
    }
  }
}

// A cycle of waits would be reported; spans of a rank follow one another, and each pass follows what it
// needs.
TEST(Schedule, DependenciesAreKept) {
  for (const Schedule schedule : kSchedules) {
    for (const PipelineShape& shape : shapes(schedule)) {
      SCOPED_TRACE(text(shape));
      const double message = 0.01;
      const PipelineTimeline timeline =
          simulate_pipeline(shape, uneven_chunks(shape), {Seconds(message), 0.5});
      std::map<std::tuple<std::int64_t, std::int64_t, TaskKind>, std::pair<double, double>> spans;
      for (const RankTimeline& rank : timeline.ranks) {
        double free = 0;
        const TaskSpan* before = nullptr;
        for (const TaskSpan& span : rank.spans) {
          const bool together = before != nullptr && before->task.paired;
          EXPECT_GE(span.receive.value(), together ? before->receive.value() : free);
          EXPECT_GE(span.start, span.receive);
          free = span.end.value();
          before = &span;
          spans[std::tuple(span.task.micro_batch, span.task.chunk, span.task.kind)] = {span.start.value(),
                                                                                       span.end.value()};
        }
      }
      for (const auto& [key, span] : spans) {
        const auto [micro_batch, chunk, kind] = key;
        if (kind == TaskKind::forward && chunk > 0) {
          EXPECT_GE(span.first, spans.at(std::tuple(micro_batch, chunk - 1, kind)).second);
        }
        if (kind == TaskKind::backward) {
          EXPECT_GE(span.first, spans.at(std::tuple(micro_batch, chunk, TaskKind::forward)).second);
          if (chunk + 1 < shape.chunks()) {
            const bool remote = shape.rank_of(micro_batch, chunk) != shape.rank_of(micro_batch, chunk + 1);
            EXPECT_GE(span.first + 1e-9,
                      spans.at(std::tuple(micro_batch, chunk + 1, kind)).second + (remote ? message : 0));
          }
        }
      }
    }
  }
}

TEST(Schedule, InFlightCountsAreThoseOfTheMemoryModel) {
  for (const Schedule schedule : kSchedules) {
    for (const PipelineShape& shape : shapes(schedule, schedule == Schedule::dual_pipe ? 2 : 1)) {
      if (shape.ranks == 1 || (schedule == Schedule::interleaved && shape.micro_batches < 2 * shape.ranks)) {
        continue;
      }
      SCOPED_TRACE(text(shape));
      Plan plan;
      plan.schedule = schedule;
      plan.pipeline_parallel = shape.ranks;
      plan.virtual_stages = shape.virtual_stages;
      plan.global_batch = shape.micro_batches;
      const bool waits = schedule == Schedule::zb_h1;  // deferred weight gradients keep their inputs
      for (std::int64_t rank = 0; rank < shape.ranks; ++rank) {
        std::int64_t held = 0, peak = 0;
        for (const Task& task : rank_order(shape, rank)) {
          if (task.kind == TaskKind::forward) peak = std::max(peak, ++held);
          if (task.kind == (waits ? TaskKind::weight_gradient : TaskKind::backward)) --held;
        }
        EXPECT_DOUBLE_EQ(static_cast<double>(peak) / static_cast<double>(shape.virtual_stages),
                         micro_batches_in_flight(plan, rank));
      }
    }
  }
}

// Rank 0: F0 F1 B0 B1 with a gap while rank 1 runs; F 1 s, B 2 s.
TEST(Simulation, TwoRanksTwoMicroBatchesByHand) {
  const PipelineShape shape{Schedule::one_f_one_b, 2, 1, 2};
  const PipelineTimeline timeline = simulate_pipeline(shape, equal_chunks(shape, 1, 1, 1), {});
  ASSERT_EQ(timeline.ranks.size(), 2U);
  const double starts[2][4] = {{0, 1, 4, 7}, {1, 2, 4, 5}};
  const TaskKind kinds[2][4] = {
      {TaskKind::forward, TaskKind::forward, TaskKind::backward, TaskKind::backward},
      {TaskKind::forward, TaskKind::backward, TaskKind::forward, TaskKind::backward}};
  for (std::size_t rank = 0; rank < 2; ++rank) {
    ASSERT_EQ(timeline.ranks[rank].spans.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(timeline.ranks[rank].spans[i].task.kind, kinds[rank][i]);
      EXPECT_DOUBLE_EQ(timeline.ranks[rank].spans[i].start.value(), starts[rank][i]);
    }
    EXPECT_DOUBLE_EQ(timeline.ranks[rank].busy.value(), 6);
    EXPECT_DOUBLE_EQ(timeline.ranks[rank].idle.value(), 3);
  }
  EXPECT_DOUBLE_EQ(timeline.total.value(), 9);
  // Waiting half a second for each message: F0 ends at 1, arrives 1.5; B0 4.5, 5; F1 leaves for rank 1, which
  // is free at 4.5, and runs from 5; B1 ends there at 8 and on rank 0 at 10.5.
  EXPECT_DOUBLE_EQ(simulated(shape, equal_chunks(shape, 1, 1, 1), {Seconds(0.5), 1}), 10.5);
}

TEST(Simulation, EqualStagesHaveThePublishedBubbles) {
  for (const std::int64_t p : {2, 4, 8, 16}) {
    const auto ranks = static_cast<double>(p);
    for (const std::int64_t m : {2 * p, 4 * p}) {
      const double work = 3 * static_cast<double>(m);
      const auto bubble = [&](Schedule schedule, std::int64_t v) {
        const PipelineShape shape{schedule, p, v, m};
        return simulated(shape, equal_chunks(shape, 1, 1, 1)) - work;
      };
      EXPECT_NEAR(bubble(Schedule::one_f_one_b, 1), 3 * (ranks - 1), 1e-9);
      for (const std::int64_t v : {2, 3, 5}) {
        EXPECT_NEAR(bubble(Schedule::interleaved, v), 3 * (ranks - 1) / static_cast<double>(v), 1e-9);
      }
      EXPECT_NEAR(bubble(Schedule::zb_h1, 1), ranks - 1, 1e-9);  // a third
      // (p/2 - 1)(F&B + B - 3W) = (p/2 - 1)(3 + 2 - 3).
      EXPECT_NEAR(bubble(Schedule::dual_pipe, 1), 2 * (ranks / 2 - 1), 1e-9);
    }
  }
}

TEST(Simulation, TotalIsBusyAndReceivingAndIdleOnEveryRank) {
  for (const Schedule schedule : kSchedules) {
    for (const PipelineShape& shape : shapes(schedule)) {
      SCOPED_TRACE(text(shape));
      const std::vector<ChunkTimes> chunks = uneven_chunks(shape);
      const PipelineTimeline timeline = simulate_pipeline(shape, chunks, {Seconds(0.02), 0.7});
      double busy = 0, work = 0;
      for (const RankTimeline& rank : timeline.ranks) {
        EXPECT_NEAR((rank.busy + rank.receiving + rank.idle).value(), timeline.total.value(), 1e-9);
        EXPECT_GE(rank.idle.value(), -1e-9);
        busy += rank.busy.value();
      }
      for (const ChunkTimes& chunk : chunks) work += (chunk.forward + chunk.backward).value();
      EXPECT_NEAR(busy, work * static_cast<double>(shape.micro_batches), 1e-6);
    }
  }
}

TEST(Simulation, IsDeterministic) {
  const PipelineShape shape{Schedule::dual_pipe, 8, 1, 20};
  const std::vector<ChunkTimes> chunks = uneven_chunks(shape);
  const PipelineTimeline one = simulate_pipeline(shape, chunks, {Seconds(0.02), 0.7});
  const PipelineTimeline two = simulate_pipeline(shape, chunks, {Seconds(0.02), 0.7});
  for (std::size_t rank = 0; rank < one.ranks.size(); ++rank) {
    for (std::size_t i = 0; i < one.ranks[rank].spans.size(); ++i) {
      EXPECT_EQ(one.ranks[rank].spans[i].task, two.ranks[rank].spans[i].task);
      EXPECT_EQ(one.ranks[rank].spans[i].end, two.ranks[rank].spans[i].end);
    }
  }
}

// What schedule_time.h promises.
TEST(ClosedForm, AgreesWithTheSimulation) {
  for (const Schedule schedule : kSchedules) {
    const bool exact = schedule == Schedule::one_f_one_b || schedule == Schedule::zb_h1;
    // 1F1B and ZB-H1 wait for every message; the others hide a part.
    for (const double exposed : exact ? std::vector<double>{1} : std::vector<double>{1, 0.5}) {
      for (const double message : {0.0, 0.02}) {
        for (const PipelineShape& shape : shapes(schedule, schedule == Schedule::dual_pipe ? 2 : 0)) {
          SCOPED_TRACE(text(shape) + " message " + std::to_string(message) + " exposed " +
                       std::to_string(exposed));
          const ChunkMessage link{Seconds(message / static_cast<double>(shape.virtual_stages)), exposed};
          const bool divides = shape.micro_batches % shape.ranks == 0;
          for (const bool uneven : {false, true}) {
            const auto chunks = uneven ? uneven_chunks(shape) : equal_chunks(shape, 1, 1.1, 0.9);
            const double truth = simulated(shape, chunks, link);
            const double bound = exact ? 1e-9 : uneven ? 0.03 : divides ? 0.01 : 0.02;
            EXPECT_NEAR(closed_form(shape, chunks, link).value() / truth, 1, bound);
          }
        }
      }
    }
  }
}

TEST(Schedule, RefusesWhatHasNone) {
  EXPECT_THROW(rank_order({Schedule::dual_pipe, 3, 1, 6}, 0), InfeasiblePlan);
  EXPECT_THROW(rank_order({Schedule::zb_h1, 4, 2, 8}, 0), InfeasiblePlan);
  EXPECT_THROW(rank_order({Schedule::one_f_one_b, 4, 1, 0}, 0), InfeasiblePlan);
  EXPECT_EQ(why_no_schedule({Schedule::interleaved, 4, 2, 7}), "");
}

// 8 ranks, 16 micro-batches, F = B = W = 1 but for the forward pass of both ends, 1 + x. The bubble is 3 x 2
// F of the others. Ends as busy as the rest: 48 + 6. Busier ends are among the others of an inner rank, F = 1
// + x/3, whose slack is half a pass for each of the 7 ranks beside it: 54 + 2x + 3.5 x/3. Lighter ends wait
// for the rest with two: 54 + 2x.
TEST(Schedule, DualPipeByHand) {
  const PipelineShape shape{.schedule = Schedule::dual_pipe, .ranks = 8, .micro_batches = 16};
  const auto total = [&](double x) {
    PipelineTime time(shape, {});
    for (int rank = 0; rank < 8; ++rank) {
      const bool at_end = rank == 0 || rank == 7;
      time.add({Seconds(1 + (at_end ? x : 0)), Seconds(2), Seconds(1)});
    }
    return time.total().value();
  };
  EXPECT_NEAR(total(0), 54, 1e-12);
  EXPECT_NEAR(total(0.1), 54.2 + 0.35 / 3, 1e-12);
  EXPECT_NEAR(total(-0.3), 53.4, 1e-12);
  EXPECT_NEAR(total(1), 64, 1e-12);  // the ends are busy throughout
  // F = 1, B = 3, W = 1: what is waited for is 2 F + 6 B - 3 W.
  const auto equal = equal_chunks(shape, 1, 3, 1);
  EXPECT_NEAR(closed_form(shape, equal, {}).value(), 16 * 5 + 2 + 18 - 3, 1e-12);
  EXPECT_NEAR(simulated(shape, equal), 16 * 5 + 2 + 18 - 3, 1e-9);
}

}  // namespace
}  // namespace traincast
