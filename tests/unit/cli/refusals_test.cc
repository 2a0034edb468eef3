// Wrong command lines of several commands, each answered with one line that says what is accepted.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/golden/program.h"

namespace traincast {
namespace {

struct Wrong {
  const char* name;
  const char* words;
  const char* part;
};

class Refusal : public testing::TestWithParam<Wrong> {};

TEST_P(Refusal, IsOneLineAndExit2) {
  const std::string words = GetParam().words;
  const bool help = words.starts_with("help");  // has no options
  const Outcome outcome = run_traincast(words + (help ? "" : " --configs '" TRAINCAST_TEST_CONFIGS "'"));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_NE(outcome.err.find(GetParam().part), std::string::npos) << outcome.err;
}

// A start that is set twice would leave open which one counts.
constexpr Wrong kWrong[] = {
    {"DeadlineStartTwice",
     "deadline grok-3-central-100k --start 2024-09-02 --by 2024-12-31 --set run.start=2024-08-01",
     "--set run.start and --start both give the start; accepted: --start"},
    {"PowerWithoutUnit", "power meta-24k --supply 8", "--supply \"8\" has no unit"},
    {"PowerNegative", "power meta-24k --supply '-8 MW'", "--supply -8 MW is negative"},
    {"PowerOfAnotherDimension", "power meta-24k --supply '8 GB'", "accepted: a number and one of W kW MW GW"},
    {"SweepEmptyItem", "sweep grok-1-512 --over gpus=512,,1024", "has an empty item between commas"},
    {"SweepDownwards", "sweep grok-1-512 --over gpus=1024..512", "from the smaller to the larger"},
    {"MeasureEffort", "measure --quick --full --out x.json --backend cpu",
     "--quick and --full exclude one another"},
    {"MeasureEmptySection", "measure --ops gemm,,memory --out x.json --backend cpu",
     "--ops has an empty item"},
    {"MeasureTimeout", "measure --timeout soon --out x.json --backend cpu", "--timeout soon is not accepted"},
    {"MeasureStorage", "measure --quick --storage /no/such/folder --out x.json --backend cpu",
     "cannot write /no/such/folder: it is not a folder"},
    {"FlagWithValue", "compare --quiet=yes", "--quiet takes no value"},
    {"WidthTooSmall", "list --width 3",
     "--width 3 is not accepted; accepted: a whole number from 20 to 10000"},
    {"TraceNoRank", "trace llama-3.1-405b-16k --out x.json --ranks 99", "the pipeline has no rank 99"},
    {"HelpOfTwo", "help list claims", "traincast help takes one command"},
    {"HelpOfNothing", "help frobnicate", "unknown command \"frobnicate\"; accepted: help"},
};
INSTANTIATE_TEST_SUITE_P(Commands, Refusal, testing::ValuesIn(kWrong),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(Backend, TheVariableIsCheckedLikeTheOption) {
  const Outcome outcome = run_traincast("measure --quick --out x.json", "TRAINCAST_BACKEND=abacus");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "traincast: the variable TRAINCAST_BACKEND is \"abacus\"; accepted: auto cpu cuda\n");
}

TEST(Ranks, HelpIsPrintedOnce) {
  EXPECT_NE(run_traincast("measure --help").out.find("Options"), std::string::npos);
  EXPECT_EQ(run_traincast("help measure", "PMI_RANK=1").out, "");
  EXPECT_EQ(run_traincast("--version", "SLURM_PROCID=3").out, "");
}

TEST(Width, TheVariableCountsWhereItIsSane) {
  const auto widest = [](const std::string& environment) {
    const std::string out =
        run_traincast("collectives one-node-h100 --configs '" TRAINCAST_TEST_CONFIGS "'", environment).out;
    std::size_t most = 0;
    for (std::size_t at = 0, end = 0; (end = out.find('\n', at)) != std::string::npos; at = end + 1) {
      most = std::max(most, end - at);
    }
    return most;
  };
  EXPECT_LE(widest("COLUMNS=80"), 80U);
  EXPECT_GT(widest("COLUMNS=200"), 120U);
  for (const char* odd : {"COLUMNS=soon", "COLUMNS=3", "COLUMNS=-80", "COLUMNS=1e3"}) {
    EXPECT_EQ(widest(odd), widest("COLUMNS=120")) << odd;
  }
}

}  // namespace
}  // namespace traincast
