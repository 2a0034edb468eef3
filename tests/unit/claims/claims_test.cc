// Reading claims, intervals and the rule of verdicts, on hand-made configs.
#include <gtest/gtest.h>

#include <cmath>

#include "host/base/errors.h"
#include "host/claims/check.h"

namespace traincast {
namespace {

const std::string kFacts = R"({"origin":"published","source":"made up for a test",
 "facts":[
  {"name":"grid","what":"supply","kind":"power","value":"10 MW","low":"5 MW","high":"20 MW"},
  {"name":"none","what":"no supply","kind":"power","value":"0 W"},
  {"name":"one","what":"a factor","kind":"number","value":1},
  {"name":"server","what":"a factor","kind":"number","value":1,"low":0.5,"high":1,"origin":"assumed"},
  {"name":"year","what":"a time","kind":"time","value":"365.25 d"}],
 "run_ranges":[]})";

Computation fed() {
  return {.formula = "gpus_fed_by_power",
          .inputs = {{"grid", "grid"},
                     {"on_site", "none"},
                     {"gpu", "h100-sxm"},
                     {"cluster", "colossus-100k"},
                     {"server_factor", "one"},
                     {"pue_factor", "one"}},
          .unit = "GPU",
          .one = {},
          .where = "claims.json#/claims/0/formula"};
}

struct Stage {
  ConfigStore store{TRAINCAST_TEST_CONFIGS};
  Evidence evidence{store, read_facts(Reader::from_text(kFacts, "facts.json"), store)};
};

template <typename F>
std::string refusal(F f) {
  try {
    f();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Evaluate, OneUncertainInputGivesItsOwnRange) {
  Stage stage;
  const Figure figure = evaluate(fed(), stage.evidence);
  const double watts = 969 * 1.1 * 1.2;  // of a GPU with its share of network and cooling
  EXPECT_NEAR(figure.value, 10e6 / watts, 1e-6);
  EXPECT_NEAR(figure.low, 5e6 / watts, 1e-6);
  EXPECT_NEAR(figure.high, 20e6 / watts, 1e-6);
  ASSERT_EQ(figure.swings.size(), 1U);
  EXPECT_EQ(figure.swings[0].input, "grid");
  EXPECT_EQ(figure.rests_on[2], "GPU h100-sxm");
}

TEST(Evaluate, IndependentSwingsAddAsSquaresOfLogarithms) {
  Stage stage;
  Computation computation = fed();
  computation.inputs[4].second = "server";
  const Figure figure = evaluate(computation, stage.evidence);
  // Up: supply x2 and server x0.5 (which feeds twice as many): e^sqrt(2 ln^2 2). Down: the supply alone.
  EXPECT_NEAR(figure.high / figure.value, std::exp(std::sqrt(2.0) * std::log(2.0)), 1e-12);
  EXPECT_NEAR(figure.low / figure.value, 0.5, 1e-12);
  EXPECT_EQ(figure.swings.front().input, "grid");
  EXPECT_EQ(figure.weakest, Origin::assumed);
  EXPECT_EQ(figure.weakest_input, "server");
}

TEST(Evaluate, RefusesWithPlaceAndReason) {
  Stage stage;
  const auto why = [&](Computation computation) {
    return refusal([&] { evaluate(computation, stage.evidence); });
  };
  Computation wrong = fed();
  wrong.inputs.pop_back();
  EXPECT_NE(why(wrong).find("needs the input \"pue_factor\""), std::string::npos);
  wrong = fed();
  wrong.inputs.emplace_back("wind", "grid");
  EXPECT_NE(why(wrong).find("has no input \"wind\""), std::string::npos);
  wrong = fed();
  wrong.inputs[0].second = "gird";
  EXPECT_NE(why(wrong).find("did you mean grid?"), std::string::npos);
  wrong = fed();
  wrong.inputs[0].second = "year";
  EXPECT_NE(why(wrong).find("another dimension"), std::string::npos);
  wrong = fed();
  wrong.formula = "site_power";
  wrong.inputs = {
      {"cluster", "colossus-100k"}, {"gpu", "h100-sxm"}, {"server_factor", "one"}, {"pue_factor", "one"}};
  EXPECT_NE(why(wrong).find("accepted: a number and one of W kW MW GW"), std::string::npos);
  wrong.unit = "MW";
  EXPECT_EQ(why(wrong), "");
}

TEST(Verdict, FollowsTheRule) {
  using enum Verdict;
  const ClaimedRange twenty{20, 20};
  EXPECT_EQ(judge(twenty, Sense::equal, 19, 25), supported);
  EXPECT_EQ(judge(twenty, Sense::equal, 10, 18.01), supported);  // 20 less 10 % for rounding
  EXPECT_EQ(judge(twenty, Sense::equal, 12, 17.99), overstated);
  EXPECT_EQ(judge(twenty, Sense::equal, 22.01, 30), understated);
  EXPECT_EQ(judge(twenty, Sense::equal, 5, 10.01), overstated);
  EXPECT_EQ(judge(twenty, Sense::equal, 5, 10), contradicted);
  EXPECT_EQ(judge(twenty, Sense::equal, 40, 50), contradicted);
  EXPECT_EQ(judge(twenty, Sense::equal, 39.9, 50), understated);
  EXPECT_EQ(judge({3, 4}, Sense::equal, 3.9, 6), supported);
  EXPECT_EQ(judge({3, 4}, Sense::equal, 4.5, 6), understated);
  EXPECT_EQ(judge(twenty, Sense::at_most, 1, 2), supported);
  EXPECT_EQ(judge(twenty, Sense::at_most, 21, 300), supported);
  EXPECT_EQ(judge(twenty, Sense::at_most, 23, 300), understated);
  EXPECT_EQ(judge(twenty, Sense::at_least, 1000, 2000), supported);
  EXPECT_EQ(judge(twenty, Sense::at_least, 1, 17), overstated);
  EXPECT_EQ(judge(twenty, Sense::at_least, 1, 9), contradicted);
}

TEST(ReadClaims, RefusesWhatCannotBeTested) {
  const auto why = [](const std::string& claim) {
    return refusal([&] {
      read_claims(R"({"origin":"published","source":"made up","claims":[)" + claim + "]}", "claims.json");
    });
  };
  const std::string words = R"("subject":"s","quote":"q","gloss":"g","quantity":"x","depends":"d")";
  EXPECT_EQ(why(R"({"id":"A1","not_testable":"a date",)" + words + "}"), "");
  EXPECT_TRUE(why(R"({"id":"A1",)" + words + "}")
                  .starts_with("claims.json#/claims/0/id: A1 can be tested by nothing"));
  EXPECT_NE(
      why(R"({"id":"A1","not_testable":"n",)" + words + R"(},{"id":"A1","not_testable":"n",)" + words + "}")
          .find("A1 stands here twice"),
      std::string::npos);
  EXPECT_NE(why(R"({"id":"A1","not_testable":"n","verdict":"supported",)" + words + "}").find("verdict"),
            std::string::npos);
  EXPECT_NE(why(R"({"id":"A1","not_testable":"n","range":{"low":2,"high":1},)" + words + "}")
                .find("above the high"),
            std::string::npos);
  EXPECT_TRUE(
      why(R"({"id":"A1","not_testable":"n","formula":"gpus_feed",)" + words + "}")
          .starts_with("claims.json#/claims/0/formula: found the text \"gpus_feed\"; accepted: one of "
                       "gpus_fed_by_power "));
}

TEST(ReadFacts, RefusesWithPlaceAndReason) {
  const ConfigStore store{TRAINCAST_TEST_CONFIGS};
  const auto read = [&](const std::string& text) {
    read_facts(Reader::from_text(text, "facts.json"), store);
  };
  const auto why = [&](const std::string& facts, const std::string& ranges = "") {
    return refusal([&] {
      read(R"({"origin":"published","source":"made up","facts":[)" + facts + R"(],"run_ranges":[)" + ranges +
           "]}");
    });
  };
  const std::string grid = R"({"name":"grid","what":"w","kind":"power","value":"10 MW"})";
  EXPECT_EQ(why(grid), "");
  EXPECT_NE(why(grid + "," + grid).find("facts.json#/facts/1/name: \"grid\" stands here twice"),
            std::string::npos);
  EXPECT_NE(
      why(R"({"name":"a","what":"w","kind":"power","value":"10 GB"})").find("facts.json#/facts/0/value: "),
      std::string::npos);
  EXPECT_NE(why(R"({"name":"a","what":"w","kind":"power","value":"1 W","low":"-1 W"})")
                .find("facts.json#/facts/0/low: \"-1 W\" is out of range; accepted: zero or more"),
            std::string::npos);
  EXPECT_EQ(refusal([&] { read(R"({"facts":[],"run_ranges":[]})"); }), "facts.json#: missing key \"origin\"");
  EXPECT_NE(why(R"({"name":"a","what":"w","kind":"colour","value":1})").find("/facts/0/kind: "),
            std::string::npos);
  EXPECT_NE(why(R"({"name":"a","what":"w","kind":"number","value":1,"low":2})")
                .find("it lies outside of its own range; accepted: low <= value <= high"),
            std::string::npos);
  EXPECT_NE(why("", R"({"name":"r","what":"w","low":"grok-9","value":"grok-1-512","high":"grok-1-512"})")
                .find("facts.json#/run_ranges/0/low: "),
            std::string::npos);
}

TEST(ReadClaims, RefusesASideFigureThatCannotJudge) {
  const auto why = [](const std::string& also) {
    return refusal([&] {
      read_claims(R"({"origin":"published","source":"made up","claims":[{"id":"A1","subject":"s","quote":"q",
        "gloss":"g","quantity":"x","depends":"d","unit":"MW","range":{"low":1,"high":2},"formula":"site_power",
        "also":[{"what":"w","formula":"site_power",)" +
                      also + "}]}]}",
                  "claims.json");
    });
  };
  EXPECT_EQ(why(R"("judged":true)"), "");
  EXPECT_EQ(why(R"("in":"GW")"), "");
  EXPECT_NE(why(R"("judged":true,"in":"GW")").find("claims.json#/claims/0/also/0/judged: "),
            std::string::npos);
}

TEST(Evaluate, ARunThatDoesNotFitCarriesNoClaim) {
  Stage stage;
  EXPECT_NE(refusal([&] {
              stage.evidence.forecast_of(TRAINCAST_TEST_SOURCE "/tests/unit/claims/too-large.json");
            }).find("no claim can rest on the run "),
            std::string::npos);
}

TEST(CheckClaims, UnknownIdIsAUsageError) {
  Stage stage;
  EXPECT_THROW(check_claims({}, {"Z9"}, stage.evidence), UsageError);
}

}  // namespace
}  // namespace traincast
