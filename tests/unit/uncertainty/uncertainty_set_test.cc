#include "host/risk/uncertainty_set.h"

#include <gtest/gtest.h>

#include "host/config/step_residuals.h"
#include "tests/unit/config/temporary.h"

namespace traincast {
namespace {

class UncertaintySetTest : public testing::Test {
 protected:
  UncertaintySet load(const std::string& inputs, const std::string& parent = "") const {
    folder_.write("uncertainty/one.json", R"({"origin": "assumed", "source": "a guess", )" +
                                              (parent.empty() ? "" : "\"parent\": \"" + parent + "\", ") +
                                              "\"inputs\": {" + inputs + "}}");
    return load_uncertainty(ConfigStore(folder_.path()), "one");
  }
  std::string refused(const std::string& inputs) const {
    return message_of([&] { load(inputs); });
  }
  TemporaryFolder folder_;
};

TEST_F(UncertaintySetTest, ReadsEveryDistribution) {
  const UncertaintySet set = load(R"(
    "flops": {"distribution": "lognormal", "p10": "1 EFLOP", "p50": "2 EFLOP", "p90": "9 EFLOP"},
    "step_time": {"distribution": "residual"},
    "restart": {"distribution": "triangular", "low": "1 min", "mode": "2 min", "high": "4 min", "source": "b"},
    "pue": {"distribution": "uniform", "low": 1.1, "high": 1.3},
    "rent": {"distribution": "normal", "relative": true, "mean": 1, "deviation": 0.2},
    "co2": {"distribution": "discrete", "choices": [{"value": "0.2 kg/kWh", "weight": 1},
                                                     {"value": "0.5 kg/kWh", "weight": 3}]},
    "capital": {"distribution": "fixed", "value": "3 USD"})");
  ASSERT_EQ(set.values.size(), 7U);
  EXPECT_EQ(set.values[0].input, UncertainInput::flops);
  EXPECT_NEAR(set.values[0].distribution.quantile(0.9), 9e18, 1e9);
  EXPECT_TRUE(set.values[1].residual);
  EXPECT_EQ(set.values[2].from.source, "b");
  EXPECT_NEAR(set.values[2].distribution.quantile(1.0 / 3), 120, 1e-9);
  EXPECT_TRUE(set.values[4].relative);
  // A normal distribution that says no bound ends at a thousandth of its mean: no input is negative.
  EXPECT_NEAR(set.values[4].distribution.quantile(1e-300), 1e-3, 1e-6);
}

TEST_F(UncertaintySetTest, InputsOfTheParentHoldWhereThereIsNoOther) {
  folder_.write("uncertainty/base.json",
                R"({"origin": "assumed", "source": "a", "inputs": {
                  "pue": {"distribution": "fixed", "value": 1.1}, "step_time": {"distribution": "residual"}}})");
  const UncertaintySet set = load(R"("pue": {"distribution": "fixed", "value": 1.5})", "base");
  ASSERT_EQ(set.values.size(), 2U);
  EXPECT_EQ(set.values[1].distribution.quantile(0.5), 1.5);
}

TEST_F(UncertaintySetTest, WrongOnesAreOneLine) {
  const auto expect = [&](const std::string& inputs, const char* part) {
    const std::string text = refused(inputs);
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  expect(R"("mtbf": {"distribution": "fixed", "value": "3 h"})",
         "#/inputs: unknown key \"mtbf\"; accepted: flops");
  expect(R"("restart": {"distribution": "fixed", "value": 3})", "#/inputs/restart/value: found the number 3");
  expect(R"("restart": {"distribution": "fixed", "value": "3 min", "relative": true})", "found the text");
  expect(R"("restart": {"distribution": "gauss"})", "one of fixed lognormal normal");
  expect(R"("restart": {"distribution": "residual"})", "only step_time has recorded residuals");
  expect(R"("pue": {"distribution": "lognormal", "p10": 2, "p90": 1})", "#/inputs/pue/p90");
  expect(R"("pue": {"distribution": "triangular", "low": 1, "mode": 3, "high": 2})",
         "not between low and high");
  expect(R"("pue": {"distribution": "uniform", "low": 1, "high": 2, "hgih": 2})", "hgih");
  expect(R"("pue": {"distribution": "normal", "mean": 0.5, "deviation": 1, "low": 1})", "#/inputs/pue/mean");
}

TEST_F(UncertaintySetTest, ParentsInACircleAreRefused) {
  folder_.write("uncertainty/base.json",
                R"({"origin": "assumed", "source": "a", "parent": "one", "inputs": {}})");
  EXPECT_NE(message_of([&] { load("", "base"); }).find("cycle of parents"), std::string::npos);
}

TEST(StepResiduals, SpreadGrowsBeyondTheLargestRow) {
  StepResiduals residuals;
  residuals.spread_per_decade = 0.08;
  residuals.classes = {{.moe = true, .from_year = 2024, .to_year = 9999, .spread = 0.06, .most_gpus = 1000}};
  const ResidualClass* found = residuals.class_of(true, 2025);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(residuals.class_of(false, 2025), nullptr);
  EXPECT_EQ(residuals.class_of(true, 2023), nullptr);
  EXPECT_DOUBLE_EQ(residuals.spread(*found, 500), 0.06);
  EXPECT_DOUBLE_EQ(residuals.spread(*found, 1000), 0.06);
  EXPECT_DOUBLE_EQ(residuals.spread(*found, 10000), 0.1);  // 0.06 and 0.08 at a right angle
}

TEST(StepResiduals, RefusesAClassThatEndsBeforeItBegins) {
  const TemporaryFolder folder;
  folder.write("published/residuals.json",
               R"({"origin": "fitted", "source": "made up", "spread_per_decade": 0,
    "series": 0, "classes": [{"moe": true, "from_year": 2024, "to_year": 2023, "rows": 1, "families": 1,
    "spread": 0.1, "bias": 0, "most_gpus": 8}]})");
  EXPECT_NE(message_of([&] {
              load_step_residuals(ConfigStore(folder.path()));
            }).find("#/classes/0/from_year: it is after \"to_year\"; accepted: from_year <= to_year"),
            std::string::npos);
}

TEST(StepResiduals, YearsOfStacks) {
  EXPECT_EQ(stack_year("megatron-core-moe-2025"), 2025);
  EXPECT_EQ(stack_year("nemo-mlperf-2023-v3.0"), 2023);
  EXPECT_EQ(stack_year("nemo-2025-05-deepseek-untuned"), 2025);
  EXPECT_EQ(stack_year("other"), 0);
  EXPECT_EQ(stack_year("x12025"), 0);
}

}  // namespace
}  // namespace traincast
