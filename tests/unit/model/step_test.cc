#include "host/model/step.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "host/calibrate/system_times.h"
#include "host/config/load.h"
#include "host/model/collectives.h"
#include "host/model/flops.h"
#include "host/model/roofline.h"
#include "host/model/shard.h"
#include "host/model/simulate.h"

namespace traincast {
namespace {

const ConfigStore& store() {
  static const ConfigStore kStore(TRAINCAST_TEST_CONFIGS);
  return kStore;
}

// An H100 node's links scaled by `bandwidth`.
class Machine {
 public:
  explicit Machine(double bandwidth = 1) : gpu_(load_gpu(store(), "h100-sxm")) {
    gpu_.links.nvlink *= bandwidth;
    Cluster cluster;
    cluster.nvlink_domain = 8;
    cluster.network.nic_per_gpu = gpu_.links.default_nic * bandwidth;
    cluster.network.efficiency = 0.9;
    kernels_ = std::make_unique<RooflineTimes>(gpu_.sustained, AttentionKernel::flash3);
    collectives_ = std::make_unique<FabricTimes>(default_fabric(gpu_, cluster));
  }
  System system() const {
    System system;
    system.gpu = &gpu_;
    system.kernels = kernels_.get();
    system.collectives = collectives_.get();
    return system;
  }
  const Gpu& gpu() const { return gpu_; }

 private:
  Gpu gpu_;
  std::unique_ptr<RooflineTimes> kernels_;
  std::unique_ptr<FabricTimes> collectives_;
};

struct Case {
  std::string name;
  Transformer model;
  Plan plan;
};

// Llama 3 70B and DeepSeek-V3 under every schedule, ZeRO stage and kind of group.
std::vector<Case> cases() {
  const Transformer llama = load_transformer(store(), "llama-3-70b");
  const Transformer deepseek = load_transformer(store(), "deepseek-v3");
  Plan plan;
  plan.tensor_parallel = 4;
  plan.pipeline_parallel = 4;
  plan.data_parallel = 4;
  plan.global_batch = 64;
  std::vector<Case> out;
  out.push_back({"1f1b", llama, plan});
  plan.schedule = Schedule::zb_h1;
  out.push_back({"zb-h1", llama, plan});
  plan.schedule = Schedule::dual_pipe;
  out.push_back({"dualpipe", llama, plan});
  plan.schedule = Schedule::interleaved;
  plan.virtual_stages = 5;
  out.push_back({"interleaved", llama, plan});
  plan.virtual_stages = 3;  // does not divide 80 layers
  plan.context_parallel = 2;
  out.push_back({"interleaved, uneven, context", llama, plan});

  Plan sharded;
  sharded.data_parallel = 64;
  sharded.global_batch = 128;
  sharded.zero_stage = 3;
  sharded.recompute = Recompute::full;
  out.push_back({"fsdp", llama, sharded});
  sharded.shard_ranks = 8;
  out.push_back({"hybrid", llama, sharded});

  Plan experts;
  experts.pipeline_parallel = 8;
  experts.data_parallel = 64;
  experts.expert_parallel = 32;
  experts.global_batch = 2048;
  experts.schedule = Schedule::dual_pipe;
  out.push_back({"experts, dualpipe", deepseek, experts});
  experts.schedule = Schedule::one_f_one_b;
  out.push_back({"experts, 1f1b", deepseek, experts});
  return out;
}

Stack stack() {
  Stack stack;
  stack.pipeline_exposed = 0.4;
  return stack;
}

// By hand from the published shapes, causal attention halved. Llama 3.1 405B: 126 layers of 16384 with FFN
// 53248, 128 heads and 8 key-value heads of 128, vocabulary 128256: 6 x 403.75e9 + 6 x 126 x 8192 x 16384.
// DeepSeek-V3: its 37e9 active parameters less the embedding, and attention of 128 heads with 192 + 128
// dimensions over 61 layers.
TEST(Flops, PerTokenOfTwoPublishedModels) {
  Transformer llama = load_transformer(store(), "llama-3.1-405b");
  llama.sequence = 8192;
  const double layer = 16384.0 * (2 * 16384 + 2 * 8 * 128 + 3 * 53248);
  const double by_hand = 6 * (126 * layer + 16384.0 * 128256) + 6.0 * 126 * 8192 * 16384;
  EXPECT_NEAR(flops_per_token(llama, AttentionCount::causal_half).value(), by_hand, 1e-3 * by_hand);
  EXPECT_NEAR(flops_per_token(llama, AttentionCount::causal_half).value(), 2.524e12, 0.0005e12);

  Transformer deepseek = load_transformer(store(), "deepseek-v3");
  deepseek.sequence = 4096;
  EXPECT_NEAR(flops_per_token(deepseek, AttentionCount::causal_half).value(), 2.498e11, 0.0005e11);
}

TEST(Step, PartsAddUpAndNothingIsFasterThanThePeak) {
  const Machine machine;
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const StepEstimate step = estimate_step(c.model, c.plan, stack(), machine.system());
    EXPECT_GT(step.time.value(), 0);
    EXPECT_NEAR(step.parts.sum(), step.time.value(), 1e-12 * step.time.value());
    for (int part = 0; part < kParts; ++part) EXPECT_GE(step.parts[static_cast<Part>(part)], 0);
    const double tokens =
        static_cast<double>(c.plan.global_batch * c.model.sequence) / static_cast<double>(c.plan.gpus());
    const Seconds least = tokens * flops_per_token(c.model, AttentionCount::causal_half) /
                          machine.gpu().peak(gemm_type(c.plan.precision));
    EXPECT_GE(step.time, least);
    EXPECT_NEAR(step.mfu, least / step.time, 1e-9);
    EXPECT_GE(step.hfu, step.mfu);
    Plan again = c.plan;  // a forward pass more: a third
    again.recompute = Recompute::full;
    again.recompute_share = 0.75;
    const StepEstimate repeated = estimate_step(c.model, again, stack(), machine.system());
    EXPECT_NEAR(repeated.hfu / repeated.mfu, 1.25, 1e-12);
    again.recompute = Recompute::none;
    const StepEstimate once = estimate_step(c.model, again, stack(), machine.system());
    EXPECT_DOUBLE_EQ(once.hfu, once.mfu);
  }
}

// Experts are gathered among those that hold the same ones: nobody where every rank has its own.
TEST(Step, ShardedExpertsAreGatheredAmongThoseThatShareThem) {
  const Machine machine;
  const Transformer mixtral = load_transformer(store(), "mixtral-8x7b");
  Plan plan;
  plan.data_parallel = 64;
  plan.global_batch = 128;
  plan.zero_stage = 3;
  plan.recompute = Recompute::full;
  Stack bare = stack();
  bare.shard_serial = 1;  // nothing hides
  const auto data_time = [&](std::int64_t experts) {
    plan.expert_parallel = experts;
    return estimate_step(mixtral, plan, bare, machine.system()).parts[Part::data_comm];
  };
  // An eighth of the experts, but among eight ranks on eight nodes, each with one NIC.
  EXPECT_GT(data_time(8), 0.5 * data_time(1));
  plan.data_parallel = 8;
  const double own = data_time(8);
  const StageParameters held = stage_parameters(mixtral, plan, 0);
  const CommGroup data = data_group(plan, machine.system());
  const double dense = (held.total() - held.experts) / 32;
  const auto time = [&](Collective collective, double bytes) {
    return machine.system().collectives->time(collective, Bytes(bytes), data).value();
  };
  const double by_hand = 32 * (2 * time(Collective::all_gather, 2 * dense) +
                               time(Collective::reduce_scatter, bare.gradient_bytes * dense));
  EXPECT_NEAR(own / (16 * by_hand), 1, 1e-9);  // micro-batches
  EXPECT_LT(own, 0.1 * data_time(1));
}

// Without sequence parallelism every tensor rank has all tokens, and none needs another's.
TEST(Step, ExpertsDoNotDependOnSequenceParallelism) {
  const Machine machine;
  const Transformer mixtral = load_transformer(store(), "mixtral-8x7b");
  Plan plan;
  plan.tensor_parallel = 8;
  plan.data_parallel = 8;
  plan.expert_tensor_parallel = 8;
  plan.global_batch = 64;
  const auto experts = [&](bool split) {
    plan.sequence_parallel = split;
    return estimate_step(mixtral, plan, stack(), machine.system()).parts[Part::experts];
  };
  EXPECT_DOUBLE_EQ(experts(false), experts(true));
}

TEST(Step, MoreBandwidthIsNeverSlower) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    double before = std::numeric_limits<double>::infinity();
    for (const double bandwidth : {0.25, 0.5, 1.0, 2.0, 4.0}) {
      const Machine machine(bandwidth);
      const double time = estimate_step(c.model, c.plan, stack(), machine.system()).time.value();
      EXPECT_LE(time, before * (1 + 1e-12));
      before = time;
    }
  }
}

TEST(Step, TheSimulationGivesTheSameTime) {
  const Machine machine;
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const StepEstimate closed = estimate_step(c.model, c.plan, stack(), machine.system());
    const StepTimeline exact = simulate_step(c.model, c.plan, stack(), machine.system());
    EXPECT_NEAR(closed.time / exact.total, 1, 0.03);
    if (c.plan.schedule == Schedule::one_f_one_b) {
      EXPECT_NEAR(closed.time / exact.total, 1, 1e-9);
    }
  }
}

TEST(Step, TimelineFillsEveryRankFromStartToEnd) {
  const Machine machine;
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const StepTimeline step = simulate_step(c.model, c.plan, stack(), machine.system());
    ASSERT_EQ(static_cast<std::int64_t>(step.ranks.size()), c.plan.pipeline_parallel);
    for (const StepRank& rank : step.ranks) {
      double now = 0;
      std::int64_t forwards = 0;
      for (const LaneEvent& event : rank.events) {
        EXPECT_NEAR(event.start.value(), now, 1e-9);
        EXPECT_GT(event.end, event.start);
        now = event.end.value();
        forwards += event.lane == Lane::compute && event.work == StepWork::forward ? 1 : 0;
      }
      EXPECT_NEAR(now, step.total.value(), 1e-9);
      EXPECT_EQ(forwards, step.micro_batches * c.plan.virtual_stages);
    }
  }
}

TEST(Step, IsDeterministic) {
  const Machine machine;
  for (const Case& c : cases()) {
    const StepTimeline one = simulate_step(c.model, c.plan, stack(), machine.system());
    const StepTimeline two = simulate_step(c.model, c.plan, stack(), machine.system());
    ASSERT_EQ(one.total, two.total);
    for (std::size_t rank = 0; rank < one.ranks.size(); ++rank) {
      ASSERT_EQ(one.ranks[rank].events.size(), two.ranks[rank].events.size());
      for (std::size_t i = 0; i < one.ranks[rank].events.size(); ++i) {
        ASSERT_EQ(one.ranks[rank].events[i].start, two.ranks[rank].events[i].start);
      }
    }
  }
}

}  // namespace
}  // namespace traincast
