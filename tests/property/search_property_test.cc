// The search's winner against random plans of the space that it searched, priced by the full model.
#include <gtest/gtest.h>

#include <cmath>

#include "host/base/errors.h"
#include "host/config/load.h"
#include "host/model/memory.h"
#include "host/model/run_estimate.h"
#include "host/search/search.h"
#include "host/search/setup.h"
#include "tests/property/generate.h"

namespace traincast::property {
namespace {

// From each axis of the space one value; data parallelism is what is left.
Plan random_of(Random& random, const SearchSpace& space) {
  const Axes& axes = space.axes;
  Plan plan = space.run->plan;
  plan.tensor_parallel = random.pick_from(axes.tensor);
  plan.pipeline_parallel = random.pick_from(axes.pipeline);
  plan.context_parallel = random.pick_from(axes.context);
  plan.expert_parallel = random.pick_from(axes.expert);
  plan.expert_tensor_parallel = random.pick_from(axes.expert_tensor);
  plan.virtual_stages = 1;
  plan.schedule = random.pick_from(axes.schedule);
  if (plan.schedule == Schedule::interleaved) plan.virtual_stages = random.pick_from(axes.virtual_stages);
  plan.data_parallel = std::max<std::int64_t>(
      1, space.gpus / (plan.tensor_parallel * plan.pipeline_parallel * plan.context_parallel));
  plan.zero_stage = static_cast<int>(random.pick_from(axes.zero));
  plan.shard_ranks = 0;
  plan.micro_batch = random.pick_from(axes.micro_batch);
  const RecomputeChoice recompute = random.pick_from(axes.recompute);
  plan.recompute = recompute.mode;
  plan.recompute_share = recompute.share_percent / 100.0;
  return plan;
}

// Whether the space has it at all.
bool in_space(const Plan& plan, const SearchSpace& space) {
  const std::int64_t layers = space.run->model.layers;
  const std::int64_t chunks = plan.pipeline_parallel * plan.virtual_stages;
  if (plan_problem(plan, space.run->model, space.gpus)) return false;
  if (plan.data_parallel * plan.context_parallel == 1 && plan.zero_stage > 0) return false;
  if (plan.virtual_stages > 1 && layers % chunks != 0 && (layers + 2) % chunks != 0) return false;
  return has_schedule(plan.schedule, plan.pipeline_parallel, plan.virtual_stages,
                      plan.global_batch / (plan.data_parallel * plan.micro_batch));
}

TEST(SearchProperty, NoRandomFeasiblePlanBeatsTheWinner) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  Calibrator calibrator(store);
  int compared = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    traincast::Run run = load_run(store, "llama-3-70b-64");
    run.model = random_model(random);
    run.model.layers = random.whole(2, 32);
    if (run.model.moe) run.model.moe->first_dense_layers = 1;
    run.plan = Plan{.stack = run.plan.stack};
    run.plan.global_batch = 64 * random.power_of_two(16);
    run.tokens = Tokens(1e12);
    const std::int64_t gpus = random.power_of_two(64);
    run.plan.data_parallel = gpus;
    const SearchSetup setup(calibrator, run, {.gpus = gpus});
    Gates gates;  // none
    const SearchResult found = search(setup.space(), gates, {.top = 1});
    const FleetGpus fleet{&setup.systems().front().gpu(), gpus};
    for (int i = 0; i < 3000; ++i) {
      const Plan plan = random_of(random, setup.space());
      if (!in_space(plan, setup.space())) continue;
      traincast::Run as = *setup.space().run;
      as.plan = plan;
      if (estimate_memory(as.model, plan, as.stack).total() > setup.space().capacity) continue;
      const StepEstimate step = estimate_step(as.model, plan, as.stack, setup.space().systems.front());
      try {
        const double days = estimate_run(as, step, {&fleet, 1}).expected.value();
        ASSERT_FALSE(found.best.plans().empty());
        ASSERT_LE(found.best.plans().front().score, days * (1 + 1e-9));
        ++compared;
      } catch (const InfeasiblePlan&) {  // never finishes
        continue;
      }
    }
  }
  EXPECT_GT(compared, 500);
}

}  // namespace
}  // namespace traincast::property
