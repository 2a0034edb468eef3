#include "host/model/run_estimate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/base/errors.h"
#include "host/model/run_estimate_published.h"
#include "tests/golden/forecasts.h"

namespace traincast {
namespace {

// 2 x (4 x 1,024^2 attention + 3 x 1,024 x 4,096 FFN + 2 x 1,024 norms) + 2 x 32,000 x 1,024 + 1,024.
constexpr double kParameters = 2 * (4 * 1048576.0 + 12582912 + 2048) + 65536000 + 1024;

class RunEstimateTest : public testing::Test {
 protected:
  RunEstimate estimate() const {
    const FleetGpus fleet{&gpu, 1024};
    return estimate_run(run, hand_step(), {&fleet, 1});
  }
  Gpu gpu = hand_gpu();
  traincast::Run run = hand_run();
};

TEST_F(RunEstimateTest, TimeByHand) {
  const RunEstimate e = estimate();
  EXPECT_EQ(e.steps, 953675);  // 1e12 / (512 x 2,048) = 953,674.3
  EXPECT_DOUBLE_EQ(e.ideal.value(), 4 * 953675.0);
  EXPECT_DOUBLE_EQ(e.mtbf.value(), 50 * 3600.0);
  EXPECT_DOUBLE_EQ(e.checkpoint.value(), 14 * kParameters);
  EXPECT_DOUBLE_EQ(e.checkpoint_stall.value(), 10);
  // Daly 2006, eq. 37: sqrt(2 d M) (1 + sqrt(d / 2M) / 3) - d = 1,897 (1 + 0.0018) - 10 s.
  EXPECT_NEAR(e.schedule.interval.value(), 1890.7, 0.5);
  const double tau = e.schedule.interval.value();
  const double written = 14 * kParameters / 1e9;  // s after the stall, until when a checkpoint does not count
  const double effective =
      tau / (180000 * std::exp((360 + written) / 180000) * (std::exp((tau + 10) / 180000) - 1));
  EXPECT_NEAR(e.goodput(), effective, 1e-12);
  EXPECT_NEAR(e.expected.value(), 4 * 953675.0 / effective, 1e-3);
  EXPECT_NEAR(e.interruptions, e.expected.value() / 180000, 1e-9);
  EXPECT_NEAR(e.gpu_hours, 1024 * e.expected.value() / 3600, 1e-6);
  EXPECT_NEAR(e.tokens.value(), 1e12 / e.expected.value(), 1e-3);
}

TEST_F(RunEstimateTest, FlopByHand) {
  const RunEstimate e = estimate();
  // Head and layers without norms and input embedding; attention 12 L s h of full square: 12 x 2 x 2,048 x
  // 1,024.
  const double matmul = 2 * (4 * 1048576.0 + 12582912) + 32000.0 * 1024;
  EXPECT_NEAR(e.full_flops.value(), 1e12 * (6 * matmul + 50331648), 1e12);
  EXPECT_NEAR(e.model_flops.value(), 1e12 * (6 * matmul + 25165824), 1e12);
}

TEST_F(RunEstimateTest, EnergyAndCostByHand) {
  const RunEstimate e = estimate();
  EXPECT_NEAR(e.power.value(), 1024 * 1000 * 1.1 * 1.2, 1e-6);
  // Restarts, and 10 s of stall after each interval of useful work, at 0.3 of the power.
  const double waiting = 1 - std::exp(-0.002) + e.goodput() * 10 / e.schedule.interval.value();
  EXPECT_NEAR(e.mean_power.value(), e.power.value() * (1 - 0.7 * waiting), 1e-3);
  const double kwh = e.mean_power.value() * e.expected.value() / 3.6e6;
  EXPECT_NEAR(e.electricity.value(), 0.09 * kwh, 1e-3);
  EXPECT_NEAR(e.co2.value(), 0.3 * kwh, 1e-3);
  EXPECT_NEAR(e.rent.value(), 2 * e.gpu_hours, 1e-3);
  EXPECT_DOUBLE_EQ(e.capital.value(), 1024 * 40000.0);
  EXPECT_NEAR(e.amortised.value(), e.capital.value() * e.expected.value() / (4 * 365.25 * 86400), 1e-3);
}

TEST_F(RunEstimateTest, FleetsAddUpByTheirOwnPrices) {
  Gpu dear = gpu;
  dear.price.rent = DollarRate(4.0 / kSecondsPerHour);
  const FleetGpus fleets[] = {{&gpu, 768}, {&dear, 256}};
  const RunEstimate e = estimate_run(run, hand_step(), fleets);
  EXPECT_NEAR(e.rent.value(), (2 * 0.75 + 4 * 0.25) * e.gpu_hours, 1e-3);
}

TEST_F(RunEstimateTest, SynchronousCheckpointsStallForTheWrite) {
  run.cluster.storage.asynchronous = false;
  const RunEstimate e = estimate();
  EXPECT_NEAR(e.checkpoint_stall.value(), 10 + 14 * kParameters / 1e9, 1e-9);
  run.cluster.storage.asynchronous = true;
  EXPECT_LT(e.goodput(), estimate().goodput());
}

TEST_F(RunEstimateTest, AsynchronousOnesAreWrittenBeforeTheNext) {
  run.cluster.storage.write = Bandwidth(14 * kParameters / 7200);        // two hours each
  EXPECT_NEAR(estimate().schedule.interval.value(), 7200, 1e-8 * 7200);  // to which the best is found
}

TEST_F(RunEstimateTest, NeverFinishes) {
  run.cluster.reliability.mtbf_per_gpu = Seconds(1024);
  EXPECT_THROW(estimate(), InfeasiblePlan);
}

TEST_F(RunEstimateTest, RefusalSaysWhatAndByHowMuch) {
  MemoryEstimate memory;
  memory.stage = 3;
  memory.weights = Bytes(20 * kGiB);
  memory.activations = Bytes(61.5 * kGiB);
  try {
    require_fit(memory, gpu);
    FAIL() << "81.5 GiB fitted 80";
  } catch (const InfeasiblePlan& error) {
    EXPECT_EQ(std::string(error.what())
                  .find("does not fit: pipeline stage 3 needs 81.5 GiB of the 80.0 GiB of "
                        "test-gpu, 1.5 GiB too much; most of it is activations 61.5 GiB, "
                        "weights 20.0 GiB"),
              0U)
        << error.what();
  }
  memory.activations = Bytes(60 * kGiB);
  EXPECT_NO_THROW(require_fit(memory, gpu));
}

TEST_F(RunEstimateTest, PublishedFiguresBesideOurs) {
  const RunEstimate e = estimate();
  run.published->gpu_hours = 1e6;
  const std::vector<Comparison> list = compare_published(run, hand_step(), e);
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0].figure, PublishedFigure::days);
  EXPECT_NEAR(list[0].error, e.expected.value() / (45 * 86400.0) - 1, 1e-12);
  EXPECT_TRUE(list[0].inside());
  EXPECT_EQ(list[1].figure, PublishedFigure::flop_rate);
  EXPECT_NEAR(list[1].error, 0.05, 1e-12);
  EXPECT_EQ(list[2].figure, PublishedFigure::gpu_hours);
  EXPECT_NEAR(list[2].error, e.gpu_hours / 1e6 - 1, 1e-12);
  run.published.reset();
  EXPECT_TRUE(compare_published(run, hand_step(), e).empty());
}

}  // namespace
}  // namespace traincast
