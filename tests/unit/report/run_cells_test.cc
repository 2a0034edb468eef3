#include "host/report/run_cells.h"

#include <gtest/gtest.h>

namespace traincast {
namespace {

TEST(RunCells, PlanInOneLine) {
  Plan plan;
  plan.tensor_parallel = 8;
  plan.pipeline_parallel = 16;
  plan.virtual_stages = 7;
  plan.context_parallel = 8;
  plan.data_parallel = 96;
  plan.expert_parallel = 8;
  plan.precision = Precision::fp8;
  EXPECT_EQ(plan_text(plan), "tp8 pp16x7 cp8 dp96 ep8 zero1 fp8");
  EXPECT_EQ(plan_text({.zero_stage = 3, .recompute = Recompute::full}),
            "tp1 pp1 dp1 zero3 bf16 recompute-full");
}

TEST(RunCells, Numbers) {
  EXPECT_EQ(scientific(3.496e26), "3.50e26");
  EXPECT_EQ(scientific(2.1e5), "2.10e5");
  EXPECT_EQ(plain(0.1236), "0.124");
  EXPECT_EQ(plain(9.996), "10.0");
  EXPECT_EQ(plain(99.96), "100");
  EXPECT_EQ(plain(1234.5), "1234");
  EXPECT_EQ(compact(405.85e9), "406 B");
  EXPECT_EQ(compact(999.9e9), "1.00 T");
  EXPECT_EQ(signed_percent(-0.0344), "-3.4 %");
  EXPECT_EQ(signed_percent(1.513), "+151 %");
}

TEST(RunCells, PublishedFigures) {
  EXPECT_EQ(published_text({PublishedFigure::days, 0, 90 * 86400.0, 100 * 86400.0}), "90-100 d");
  EXPECT_EQ(published_text({PublishedFigure::mfu, 0, 0.38, 0.43}), "38-43 % MFU");
  EXPECT_EQ(published_text({PublishedFigure::flop_rate, 0, 400e12, 400e12}), "400 TFLOP/s");
  EXPECT_EQ(published_text({PublishedFigure::gpu_hours, 0, 30.84e6, 30.84e6}), "30.8 M GPU-h");
  EXPECT_EQ(published_text({PublishedFigure::flops, 0, 3.8e25, 3.8e25}), "3.80e25 FLOP");
}

TEST(RunCells, MachinesGetSi) {
  EXPECT_EQ(std::get<double>(days_cell(Seconds(86400)).machine), 86400);
  EXPECT_EQ(days_cell(Seconds(86400)).text, "1.00");
  EXPECT_EQ(std::get<double>(megadollars_cell(Dollars(2e6)).machine), 2e6);
  EXPECT_EQ(gigawatt_hours_cell(Joules(3.6e12)).text, "1.00");
}

}  // namespace
}  // namespace traincast
