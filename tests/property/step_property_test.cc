// What no step can beat, and what can only help it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "host/base/errors.h"
#include "host/model/flops.h"
#include "host/model/memory.h"
#include "host/model/run_estimate.h"
#include "tests/property/machine.h"

namespace traincast::property {
namespace {

constexpr std::uint64_t kCases = 2000;

// Calls check(training) for random ones; at least half of the seeds make one.
template <typename Check>
void each_training(const Check& check) {
  int tried = 0;
  for (std::uint64_t seed = 0; seed < kCases && !::testing::Test::HasFatalFailure(); ++seed) {
    const auto training = random_training(seed);
    if (!training) continue;
    SCOPED_TRACE(seed);
    ++tried;
    check(*training);
  }
  EXPECT_GT(tried, static_cast<int>(kCases / 2));
}

TEST(StepProperty, IsFiniteAndTheSumOfItsParts) {
  each_training([](const Training& training) {
    const StepEstimate step = step_of(training);
    ASSERT_TRUE(std::isfinite(step.time.value()));
    ASSERT_GT(step.time.value(), 0);
    ASSERT_NEAR(step.parts.sum() / step.time.value(), 1, 1e-9);
    for (int part = 0; part < kParts; ++part) {
      ASSERT_GE(step.parts[static_cast<Part>(part)], 0) << name(static_cast<Part>(part));
    }
    for (const double figure :
         {step.tokens_per_gpu.value(), step.model_flop_rate.value(), step.mfu, step.hfu}) {
      ASSERT_TRUE(std::isfinite(figure));
      ASSERT_GT(figure, 0);
    }
  });
}

// Below the FLOPs of a GPU's share at the highest peak of any format, and below one reading of the weights
// that a GPU holds, no step can be.
TEST(StepProperty, IsNotFasterThanPeakFlopsOrMemory) {
  each_training([](const Training& training) {
    const StepEstimate step = step_of(training);
    const Plan& plan = training.plan;
    const double tokens = static_cast<double>(plan.global_batch) *
                          static_cast<double>(training.model.sequence) / static_cast<double>(plan.gpus());
    const auto& peaks = training.gpu.compute.peak;
    const FlopRate peak = *std::max_element(peaks.begin(), peaks.end());
    const Seconds least = tokens * flops_per_token(training.model, AttentionCount::causal_half) / peak;
    ASSERT_GE(step.time, least);
    const Bytes weights = estimate_stage_memory(training.model, plan, training.stack, 0).weights;
    ASSERT_GE(step.time, weights / training.gpu.memory.bandwidth);
  });
}

struct Better {
  const char* what;
  double slack;
  void (*make)(Training& training, double factor);
};
// Strictly, but for one effect: NCCL picks algorithms by its own raw constants (collectives.h), so faster
// links may make it pick one that turns out slower, up to 9 % here; twice that where ZeRO-3's messages are
// most of the step. Each algorithm gets no slower (collectives_property_test.cc).
constexpr double kNcclChoice = 0.1;
constexpr double kFewMicroBatches = 1e-3;
constexpr Better kBetter[] = {
    {"network", kNcclChoice,
     [](Training& t, double factor) {
       t.gpu.links.nvlink *= factor;
       t.cluster.network.nic_per_gpu *= factor;
       t.gpu.links.default_nic *= factor;
     }},
    {"memory bandwidth", 1e-9,
     [](Training& t, double factor) {
       t.gpu.memory.bandwidth *= factor;
       t.gpu.sustained.stream *= factor;
     }},
    {"FLOP rate", 1e-9,
     [](Training& t, double factor) {
       for (FlopRate& peak : t.gpu.compute.peak) peak *= factor;
       for (GemmRate& rate : t.gpu.sustained.gemm) rate.plateau *= factor;
       for (AttentionRate& rate : t.gpu.sustained.attention) {
         rate.forward *= factor;
         rate.backward *= factor;
       }
     }},
    {"launch", 1e-9,
     [](Training& t, double factor) { t.gpu.sustained.launch = t.gpu.sustained.launch / factor; }},
};

TEST(StepProperty, BetterHardwareNeverMakesAStepSlower) {
  for (const Better& better : kBetter) {
    SCOPED_TRACE(better.what);
    each_training([&](const Training& training) {
      // With fewer micro-batches than two a rank DualPipe's closed form counts on weight gradients to fill
      // more idle time than there is (schedule_time.h): shorter ones then leave a little more of it.
      const Plan& plan = training.plan;
      const std::int64_t micro_batches = plan.global_batch / (plan.micro_batch * plan.data_parallel);
      const bool few = plan.schedule == Schedule::dual_pipe && micro_batches < 2 * plan.pipeline_parallel;
      const double slack =
          (plan.zero_stage == 3 ? 2 * better.slack : better.slack) + (few ? kFewMicroBatches : 0);
      double before = std::numeric_limits<double>::infinity();
      for (const double factor : {0.5, 1.0, 1.3, 4.0}) {
        Training improved = training;
        better.make(improved, factor);
        const double time = step_of(improved).time.value();
        ASSERT_LE(time, before * (1 + slack)) << "factor " << factor;
        before = time;
      }
    });
  }
}

// Fewer layers, fewer FLOPs.
TEST(StepProperty, FewerFlopsNeverMakeAStepSlower) {
  each_training([](const Training& training) {
    if (training.plan.pipeline_parallel * training.plan.virtual_stages > 1) return;
    if (training.model.layers < 2 || training.model.moe) return;
    Training smaller = training;
    smaller.model.layers /= 2;
    ASSERT_LE(step_of(smaller).time, step_of(training).time);
  });
}

// A whole run: finite figures, or a refusal that says why.
TEST(StepProperty, ARunIsFiniteOrRefusedWithAReason) {
  int refused = 0, finished = 0;
  each_training([&](const Training& training) {
    traincast::Run run;  // a test has a Run() of its own
    run.model = training.model;
    run.cluster = training.cluster;
    run.plan = training.plan;
    run.stack = training.stack;
    run.tokens = Tokens(1e12);
    const std::array<FleetGpus, 1> fleets = {{{&training.gpu, training.plan.gpus()}}};
    try {
      const MemoryEstimate memory = estimate_memory(run.model, run.plan, run.stack);
      require_fit(memory, training.gpu);
      Gpu larger = training.gpu;
      larger.memory.capacity *= 2;
      ASSERT_NO_THROW(require_fit(memory, larger));
      const RunEstimate estimate = estimate_run(run, step_of(training), fleets);
      ++finished;
      for (const double figure :
           {estimate.steps, estimate.ideal.value(), estimate.expected.value(), estimate.mtbf.value(),
            estimate.interruptions, estimate.checkpoint.value(), estimate.gpu_hours,
            estimate.model_flops.value(), estimate.tokens.value(), estimate.power.value(),
            estimate.energy.value(), estimate.co2.value(), estimate.rent.value(), estimate.amortised.value(),
            estimate.electricity.value()}) {
        ASSERT_TRUE(std::isfinite(figure));
        ASSERT_GE(figure, 0);
      }
      ASSERT_GE(estimate.expected.value(), estimate.ideal.value() * (1 - 1e-12));
      ASSERT_TRUE(estimate.goodput() > 0 && estimate.goodput() <= 1);
    } catch (const InfeasiblePlan& error) {
      ++refused;
      const std::string why = error.what();
      ASSERT_TRUE(why.find("does not fit: ") == 0 || why.find("never finishes: ") == 0) << why;
    }
  });
  EXPECT_GT(finished, 50);
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace traincast::property
