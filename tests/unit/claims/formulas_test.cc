// The formulas on the shipped configs, against figures computed by hand.
#include <gtest/gtest.h>

#include <set>

#include "host/claims/evaluate.h"
#include "host/claims/formula.h"
#include "host/model/reliability.h"

namespace traincast {
namespace {

class Formulas : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    store_ = new ConfigStore(TRAINCAST_TEST_CONFIGS);
    evidence_ = new Evidence(*store_);
  }
  static void TearDownTestSuite() {
    delete evidence_;
    delete store_;
  }
  static Figure figure(const std::string& formula, std::vector<std::pair<std::string, std::string>> inputs,
                       const std::string& unit, std::optional<std::string> one = {}) {
    return evaluate({formula, std::move(inputs), unit, std::move(one), "test"}, *evidence_);
  }
  static std::vector<std::pair<std::string, std::string>> power(
      std::vector<std::pair<std::string, std::string>> more, const std::string& cluster = "colossus-100k") {
    more.insert(more.end(), {{"gpu", "h100-sxm"},
                             {"cluster", cluster},
                             {"server_factor", "server-power-factor"},
                             {"pue_factor", "pue-factor"}});
    return more;
  }
  static ConfigStore* store_;
  static Evidence* evidence_;
};
ConfigStore* Formulas::store_ = nullptr;
Evidence* Formulas::evidence_ = nullptr;

TEST_F(Formulas, Power) {
  const double w = 969 * 1.1 * 1.2;
  EXPECT_NEAR(figure("site_power", power({}), "MW").value, w / 10, 1e-9);
  EXPECT_NEAR(
      figure("gpus_fed_by_power", power({{"grid", "grid-2024-07"}, {"on_site", "generators-2024-07"}}), "GPU")
          .value,
      43e6 / w, 1e-6);
  EXPECT_NEAR(
      figure("on_site_capacity_needed",
             power({{"gpus", "gpus-100k"}, {"grid", "grid-2024-09"}, {"load_factor", "generator-load"}}),
             "MW")
          .value,
      (w / 10 - 50) / 0.857, 1e-9);
  // 78 MW for a year at 0.4 g/kWh.
  EXPECT_NEAR(figure("nox_per_year",
                     power({{"gpus", "gpus-100k"}, {"grid", "grid-2024-09"}, {"nox", "nox-turbines"}}), "t")
                  .value,
              (w * 1e5 - 50e6) * 8766 / 1000 * 0.0004 / 1000, 1e-6);
}

TEST_F(Formulas, ShortTonsAreNotTonnes) {
  const auto inputs = power({{"gpus", "gpus-100k"}, {"grid", "grid-2024-09"}, {"nox", "nox-turbines"}});
  const double metric = figure("nox_per_year", inputs, "t").value;
  const double shorts = figure("nox_per_year", inputs, "short t/year", "907.18474 kg").value;
  EXPECT_NEAR(shorts / metric, 1000 / 907.18474, 1e-12);
}

TEST_F(Formulas, FabricAndPeaks) {
  EXPECT_NEAR(
      figure("fabric_endpoints", {{"radix", "switch-radix"}, {"gpu_ports", "gpu-ports"}}, "port").high,
      524288, 1);
  EXPECT_NEAR(
      figure("fabric_endpoints_two_tiers", {{"radix", "switch-radix"}, {"gpu_ports", "gpu-ports"}}, "port")
          .high,
      8192, 1);
  EXPECT_NEAR(figure("aggregate_peak", {{"cluster", "meta-24k"}, {"gpu", "h100-sxm"}}, "EFLOP/s").value,
              24576 * 989.4e-6, 1e-9);
  EXPECT_NEAR(
      figure("count_ratio", {{"cluster", "colossus-100k"}, {"other_gpus", "meta-24k-gpus"}}, "x").value,
      100000.0 / 24576, 1e-12);
}

TEST_F(Formulas, JeanZayIsComparedInOneNumberFormat) {
  const std::vector<std::pair<std::string, std::string>> parts = {
      {"first_gpus", "jean-zay-v100"}, {"first_rate", "v100-fp64"}, {"second_gpus", "jean-zay-a100"},
      {"second_rate", "a100-fp64"},    {"cores", "jean-zay-cores"}, {"core_rate", "core-fp64"}};
  const double peak = 2696 * 7.8e12 + 416 * 19.5e12 + 86344 * 80e9;
  EXPECT_NEAR(figure("peak_from_parts", parts, "PFLOP/s").value, peak / 1e15, 1e-9);
  auto against = parts;
  against.insert(against.end(), {{"cluster", "colossus-100k"}, {"rate", "h100-fp64"}});
  EXPECT_NEAR(figure("ratio_to_parts", against, "x").value, 1e5 * 67e12 / peak, 1e-9);
}

// As many GPUs as were installed in the fact's 92 days.
TEST_F(Formulas, Installation) {
  EXPECT_NEAR(
      figure("days_to_install", {{"gpus", "gpus-100k"}, {"time_for_100k", "time-for-100k"}}, "d").value, 92,
      1e-9);
}

TEST_F(Formulas, Runs) {
  const Forecast& grok = evidence_->forecast_of("grok-3-central-100k");
  const double days = grok.estimate.expected.value() / kSecondsPerDay;
  EXPECT_NEAR(figure("days_of_run", {{"run", "grok-3-100k"}, {"model_error", "model-error"}}, "d").value,
              days, 1e-9);
  // 42 days on 33,600 GPUs are worth 42 x 33,600 / 98,304 days of the large machine.
  const Figure finish = figure("finish_after_growth",
                               {{"run", "grok-3-100k"},
                                {"before", "memphis-2024-07"},
                                {"ready", "ready-2024-09-02"},
                                {"model_error", "model-error"}},
                               "d");
  EXPECT_NEAR(finish.value, 42 + days - 42 * 33600.0 / 98304, 1e-6);
  EXPECT_EQ(finish.swings.front().input, "grok-3-100k");
  EXPECT_LT(finish.low, finish.value);
  EXPECT_GT(finish.high, finish.value);
  EXPECT_NEAR(figure("time_between_interruptions",
                     {{"cluster", "colossus-200k"}, {"mtbf_per_gpu", "mtbf-per-gpu"}}, "min")
                  .value,
              50700 * 60 / 2e5, 1e-9);
}

// FLOP rates of the steps times what Daly's form leaves of the time, at one MTBF a GPU and one restart for
// both.
TEST_F(Formulas, UsefulRatioIsThatOfRatesAndUsefulShares) {
  const Figure ratio = figure("useful_ratio",
                              {{"run", "grok-3-central-200k"},
                               {"other_run", "grok-3-central-100k"},
                               {"mtbf_per_gpu", "mtbf-per-gpu"},
                               {"restart", "restart"}},
                              "x");
  const auto useful_rate = [&](const char* run, double gpus) {
    const RunEstimate& e = evidence_->forecast_of(run).estimate;
    const CheckpointSchedule schedule =
        best_schedule(e.checkpoint_stall, Seconds(50700 * 3600 / gpus), Seconds(600), Seconds(10), e.ideal);
    return e.model_flops / e.ideal * schedule.effective;
  };
  const double by_hand =
      useful_rate("grok-3-central-200k", 196608) / useful_rate("grok-3-central-100k", 98304);
  EXPECT_NEAR(ratio.value, by_hand, 0.01 * by_hand);
  EXPECT_LT(ratio.high, 2);
}

TEST_F(Formulas, Cost) {
  EXPECT_NEAR(figure("cost_of_fleet",
                     {{"cluster", "colossus-100k"},
                      {"server", "server-price"},
                      {"network", "network-price"},
                      {"facility", "facility-price"}},
                     "GUSD")
                  .value,
              5.161, 1e-9);
  EXPECT_NEAR(
      figure("rent_of_fleet",
             {{"cluster", "colossus-100k"}, {"rent", "rent-h100"}, {"duration", "rent-duration"}}, "GUSD")
          .value,
      1e5 * 2.5 * 4 * 8766 / 1e9, 1e-9);
  EXPECT_NEAR(figure("rent_of_flops",
                     {{"flops", "sb1047-flops"}, {"rate", "h100-useful-rate"}, {"rent", "rent-h100"}}, "MUSD")
                  .value,
              1e26 / 400e12 / 3600 * 2.5 / 1e6, 1e-6);
}

TEST(FormulaRegistry, NamesAreUniqueAndEveryRowHasWords) {
  std::set<std::string_view> names;
  for (const Formula& row : formulas()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.words.empty()) << row.name;
    EXPECT_FALSE(row.inputs.empty()) << row.name;
    EXPECT_EQ(find_formula(row.name), &row);
  }
  EXPECT_EQ(find_formula("none"), nullptr);
}

}  // namespace
}  // namespace traincast
