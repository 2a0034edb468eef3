// The program as a user runs it: what it prints, and with which exit code it ends.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace traincast {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Outcome {
  int code = -1;
  std::string out, err;
};

// A copy of the shipped configs for each test to spoil.
class CommandsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "traincast-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::copy(TRAINCAST_TEST_CONFIGS, folder_ / "configs", fs::copy_options::recursive);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Outcome run(const std::string& arguments) const {
    const fs::path out = folder_ / "out";
    const fs::path err = folder_ / "err";
    const std::string line = std::string(TRAINCAST_TEST_BINARY) + " " + arguments + " --configs " +
                             (folder_ / "configs").string() + " >" + out.string() + " 2>" + err.string();
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(out), read(err)};
  }

  // Replaces the first `what` of a config; the text must be there.
  void spoil(const std::string& config, const std::string& what, const std::string& by) const {
    const fs::path file = folder_ / "configs" / config;
    std::string text = read(file);
    const std::size_t at = text.find(what);
    ASSERT_NE(at, std::string::npos) << config << " lacks " << what;
    std::ofstream(file, std::ios::binary) << text.replace(at, what.size(), by);
  }

  void expect_refused(const std::string& arguments, int code,
                      std::initializer_list<const char*> words) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << "not one line: " << outcome.err;
    for (const char* word : words) {
      EXPECT_NE(outcome.err.find(word), std::string::npos) << outcome.err << " lacks " << word;
    }
  }

  fs::path folder_;
};

TEST_F(CommandsTest, EstimatesARun) {
  const Outcome outcome = run("estimate llama-3-8b-one-node");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char* part :
       {"Where a step's time goes", "Memory of one GPU", "The whole run", "What the figures rest on",
        "Assumptions", "sustained training rates", "612 TFLOP/s"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << " is not in\n" << outcome.out;
  }
}

TEST_F(CommandsTest, ComparesTheShippedSet) {
  const Outcome outcome = run("compare");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_LT(outcome.out.find("\ngpt-4-a100-25k "), outcome.out.find("\nllama-3.1-405b-16k "));
  EXPECT_LT(outcome.out.find("\ndeepseek-v3-2k "), outcome.out.find("\ngrok-3-central-200k "));
  EXPECT_EQ(outcome.out.find("has no estimate"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("nan"), std::string::npos);
}

TEST_F(CommandsTest, ComparesWhatIsNamedInOrder) {
  const Outcome outcome = run("compare llama-3-8b-one-node grok-1-512 --format csv");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.find("run,gpus,step_time_s,mfu,"), 0U) << outcome.out;
  const std::size_t first = outcome.out.find("\nllama-3-8b-one-node,8,");
  const std::size_t second = outcome.out.find("\ngrok-1-512,512,");
  ASSERT_NE(first, std::string::npos) << outcome.out;
  ASSERT_NE(second, std::string::npos) << outcome.out;
  EXPECT_LT(first, second);
}

TEST_F(CommandsTest, ProductOfThePlanMustBeTheGpus) {
  spoil("plans/llama-3-8b-one-node.json", "\"data_parallel\": 4", "\"data_parallel\": 2");
  expect_refused("estimate llama-3-8b-one-node", 2,
                 {"plans/llama-3-8b-one-node.json#/data_parallel: ", "= 4 GPUs, but the run has 8"});
}

TEST_F(CommandsTest, PlanThatDoesNotFit) {
  spoil("runs/llama-3-8b-one-node.json", "\"llama-3-8b\"", "\"llama-3-70b\"");
  expect_refused("estimate llama-3-8b-one-node", 3, {"llama-3-8b-one-node: does not fit: ", "GiB too much"});
  const Outcome outcome = run("compare llama-3-8b-one-node grok-1-512");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("llama-3-8b-one-node has no estimate: it does not fit: "), std::string::npos);
  EXPECT_NE(outcome.out.find("537 TFLOP/s"), std::string::npos) << "the other row is missing";
}

TEST_F(CommandsTest, RunThatNeverFinishes) {
  spoil("clusters/one-node-h100.json", "\"mtbf_per_gpu\": \"50700 h\"", "\"mtbf_per_gpu\": \"1 s\"");
  expect_refused("estimate llama-3-8b-one-node", 3,
                 {"never finishes: useful work per hour is 0: an interruption every 125 ms"});
}

TEST_F(CommandsTest, BadInputIsOneLine) {
  expect_refused("estimate llama-3-8b-one-nod", 2, {"llama-3-8b-one-node"});
  expect_refused("estimate", 2, {"RUN"});
  expect_refused("estimate llama-3-8b-one-node --profile h100-sxm-publishd", 2, {"h100-sxm-published"});
  expect_refused("compare --format yaml", 2, {"yaml", "text"});
  spoil("runs/llama-3-8b-one-node.json", "\"tokens\"", "\"tokns\"");
  expect_refused("estimate llama-3-8b-one-node", 2, {"llama-3-8b-one-node.json", "tokens"});
}

TEST_F(CommandsTest, EmptyValuesAreRefused) {
  for (const char* option : {"out", "profile", "format"}) {
    expect_refused("compare --" + std::string(option) + " ''", 2, {option, "needs a value"});
  }
}

TEST_F(CommandsTest, OneRankRefusesTheCommandLine) {
  ::setenv("OMPI_COMM_WORLD_RANK", "1", 1);
  const Outcome other = run("measure --frobnicate");
  ::unsetenv("OMPI_COMM_WORLD_RANK");
  EXPECT_EQ(other.code, 0);
  EXPECT_EQ(other.err, "");
  expect_refused("measure --frobnicate", 2, {"unknown option --frobnicate"});
}

TEST_F(CommandsTest, LineFeedsInAFileDoNotBreakTheLine) {
  spoil("runs/llama-3-8b-one-node.json", "100 Gtoken", "1 a\\nb");
  expect_refused("estimate llama-3-8b-one-node", 2, {"#/tokens: unknown unit \"a\\nb\"; accepted: "});
}

TEST_F(CommandsTest, ValidateHasNoUseForOptionsOfOtherKinds) {
  std::ofstream(folder_ / "runs.csv") << "id,model,gpu,gpus\n";
  expect_refused("validate runs " + (folder_ / "runs.csv").string() + " --fit x", 2,
                 {"--fit", "validate runs"});
  expect_refused("validate collectives x --fit a --predict b", 2, {"\"x\""});
  expect_refused("validate kernels x --rows", 2, {"--rows", "validate kernels"});
  expect_refused("validate collectives --fit " + folder_.string() + " --predict x", 2, {"it is a folder"});
}

TEST_F(CommandsTest, ValidateBoundsWhatItWalks) {
  const std::string head =
      "id,params_total_B,gpus,layers,hidden,heads,seq,tp,pp,dp,mbs,gbs_seqs,iter_time_s\n";
  const std::string file = (folder_ / "runs.csv").string();
  std::ofstream(file) << head << "a,1,8,1000000000000000,64,8,2048,1,1,8,1,8,1\n";
  expect_refused("validate runs " + file, 2, {"runs.csv:2: column layers: ", "up to 100000"});
  std::ofstream(file) << head << "a,1,8,2,64,8,2048,9000000000,9000000000,8,1,8,1\n";
  expect_refused("validate runs " + file, 2, {"runs.csv:2: column tp: ", "up to 1000000"});
}

TEST_F(CommandsTest, OutputIsWholeOrNotAtAll) {
  const fs::path file = folder_ / "table.json";
  const Outcome written = run("compare grok-1-512 --format json --out " + file.string());
  EXPECT_EQ(written.code, 0) << written.err;
  EXPECT_EQ(written.out, "");
  EXPECT_NE(read(file).find("\"report\": \"compare\""), std::string::npos);
  const fs::path nowhere = folder_ / "absent" / "table.json";
  expect_refused("compare grok-1-512 --out " + nowhere.string(), 2, {"cannot write"});
  EXPECT_FALSE(fs::exists(nowhere.parent_path()));
}

TEST_F(CommandsTest, ProfileReplacesTheSustainedRates) {
  const Outcome with = run("estimate llama-3-8b-one-node --profile h100-sxm-published");
  EXPECT_EQ(with.code, 0) << with.err;
  EXPECT_NE(with.out.find("bursts only"), std::string::npos) << with.out;
  const Outcome other = run("estimate llama-3-8b-one-node --profile a100-sxm-published");
  EXPECT_EQ(other.code, 0);
  EXPECT_NE(other.err.find("a100-sxm-published describes a100-80gb-sxm"), std::string::npos) << other.err;
  EXPECT_EQ(other.out, run("estimate llama-3-8b-one-node").out);
}

TEST_F(CommandsTest, RunMeasuresAndWritesEverything) {
  const fs::path folder = folder_ / "results";
  const Outcome outcome =
      run("run grok-1-512 llama-3-8b-one-node --quick --backend cpu --out " + folder.string());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("measured here"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("none of what was measured here"), std::string::npos) << outcome.out;
  EXPECT_NE(read(folder / "profile.json").find("\"schema_version\""), std::string::npos);
  EXPECT_NE(read(folder / "report.md").find("| grok-1-512 |"), std::string::npos);
  EXPECT_NE(read(folder / "comparison.csv").find("\nllama-3-8b-one-node,8,"), std::string::npos);
  EXPECT_NE(read(folder / "comparison.json").find("\"estimates_rest_on\""), std::string::npos);
}

TEST_F(CommandsTest, RunRefusesBeforeItMeasures) {
  std::ofstream(folder_ / "file") << "in the way";
  expect_refused("run --quick --backend cpu --out " + (folder_ / "file" / "results").string(), 2,
                 {"cannot write"});
  const fs::path unmade = folder_ / "new";
  expect_refused("run no-such-run --quick --backend cpu --out " + unmade.string(), 2, {"no-such-run"});
  EXPECT_FALSE(fs::exists(unmade)) << "a refused job left a folder";
}

TEST_F(CommandsTest, ValidatesConfigsOfEveryKind) {
  Outcome outcome = run("validate configs --format csv");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out.substr(0, outcome.out.find('\r')), "kind,files,accepted,refused");
  spoil("gpus/h100-sxm.json", "\"memory\"", "\"memroy\"");
  outcome = run("validate configs --format csv");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("configs/gpus/h100-sxm.json#"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.out.find("\ngpus,12,11,1\r\n"), std::string::npos) << outcome.out;
  // The runs that rest on it are refused for it, and each file has one line.
  EXPECT_NE(outcome.out.find("\nmodels,17,17,0\r\n"), std::string::npos) << outcome.out;
}

TEST_F(CommandsTest, ValidatesFilesOfTheKindThatItIsTold) {
  const std::string gpus = (folder_ / "configs" / "gpus").string();
  fs::copy(folder_ / "configs" / "gpus" / "h100-sxm.json", folder_ / "mine.json");
  const std::string mine = (folder_ / "mine.json").string();
  EXPECT_EQ(run("validate configs " + gpus + " --quiet").code, 0);
  EXPECT_EQ(run("validate configs --kind gpus " + mine).code, 0);
  EXPECT_EQ(run("validate configs --kind models " + mine).code, 2);
  const Outcome untold = run("validate configs --format json " + mine);
  EXPECT_EQ(untold.code, 2);
  EXPECT_NE(untold.err.find("its folder tells no kind"), std::string::npos) << untold.err;
  EXPECT_NE(untold.out.find("\"reason\""), std::string::npos) << untold.out;
  expect_refused("validate configs --kind nonsense " + mine, 2, {"--kind nonsense", "gpus"});
  expect_refused("validate runs a.csv b.csv", 2, {"at most one file"});
}

}  // namespace
}  // namespace traincast
