#include <algorithm>

#include "host/config/find.h"
#include "tests/golden/golden.h"
#include "tests/golden/program.h"

namespace traincast {
namespace {

const std::string kConfigs = " --configs '" TRAINCAST_TEST_SOURCE "/tests/golden/configs'";

void expect_refusal(const std::string& words, const std::string& line, const std::string& environment = "") {
  const Outcome outcome = run_traincast(words, environment);
  EXPECT_EQ(outcome.code, 2) << words;
  EXPECT_EQ(outcome.err, "traincast: " + line + "\n") << words;
  EXPECT_EQ(outcome.out, "") << words;
}

TEST(CliGolden, ListInEveryFormat) {
  for (const std::string format : {"text", "md", "csv", "json"}) {
    const Outcome outcome = run_traincast(std::string("list --format ").append(format).append(kConfigs));
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    expect_golden("cli/list." + format, outcome.out);
  }
}

TEST(CliGolden, ListOfOneKind) {
  const Outcome outcome = run_traincast("list models --format csv" + kConfigs);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "kind,name,description\r\nmodels,tiny,\"A model, made up for tests\"\r\n");
}

TEST(CliGolden, HelpOfACommandIsTheSameBothWays) {
  const Outcome first = run_traincast("help list");
  EXPECT_EQ(first.code, 0);
  expect_golden("cli/help-list.txt", first.out);
  EXPECT_EQ(run_traincast("list --help").out, first.out);
  EXPECT_EQ(run_traincast("list -h").out, first.out);
}

TEST(CliGolden, HelpNamesEveryCommandAndEachHasAnExample) {
  const Outcome all = run_traincast("--help");
  EXPECT_EQ(all.code, 0);
  const std::size_t begin = all.out.find("Commands:\n");
  const std::size_t end = all.out.find("help [COMMAND]");
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  std::string lines = all.out.substr(begin + 10, end - begin - 10);
  int commands = 0;
  while (lines.find('\n') != std::string::npos) {
    const std::string name = lines.substr(2, lines.find(' ', 2) - 2);
    const Outcome help = run_traincast("help " + name);
    EXPECT_EQ(help.code, 0) << name;
    EXPECT_NE(help.out.find("Example:\n  "), std::string::npos) << name;
    EXPECT_NE(help.out.find("traincast " + name), std::string::npos) << name;
    lines.erase(0, lines.find('\n') + 1);
    ++commands;
  }
  EXPECT_GE(commands, 2);
}

TEST(CliGolden, VersionSaysWhatItIs) {
  const Outcome outcome = run_traincast("--version");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.out.starts_with("traincast 0.")) << outcome.out;
  EXPECT_NE(outcome.out.find("CUDA o"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("libraries  nlohmann_json 3."), std::string::npos) << outcome.out;
  EXPECT_EQ(run_traincast("version").out, outcome.out);
}

TEST(CliGolden, WrongCommandLinesAreOneLineAndExit2) {
  expect_refusal("", "no command; see traincast --help");
  expect_refusal("lsit", "unknown command \"lsit\"; did you mean list?");
  expect_refusal("list --fromat csv", "unknown option --fromat of traincast list; did you mean --format?");
  expect_refusal("--fromat csv list", "unknown option --fromat before the command; did you mean --format?");
  expect_refusal("list -f", "unknown option -f of traincast list; did you mean --format?");
  expect_refusal("list --format xml", "--format xml is not accepted; accepted: text md csv json");
  expect_refusal("list --out", "--out needs a value: --out FILE");
  expect_refusal("list --out=", "--out needs a value: --out FILE");
  expect_refusal("list --quiet=yes", "--quiet takes no value");
  std::string kinds;
  for (const std::string_view kind : kConfigKindNames) kinds += " " + std::string(kind);
  expect_refusal("list gpu", "unknown kind \"gpu\"; accepted:" + kinds);
  expect_refusal("version now", "traincast version has no use for \"now\"; see traincast help version");
  expect_refusal("help lsit", "unknown command \"lsit\"; did you mean list?");
}

TEST(CliGolden, OutIsWholeOrNotAtAll) {
  const auto folder = std::filesystem::temp_directory_path() / "traincast-cli-out";
  std::filesystem::create_directories(folder);
  const std::string file = (folder / "list.csv").string();
  const std::string common = "list --format csv" + kConfigs;
  EXPECT_EQ(run_traincast(common + " --out '" + file + "'").code, 0);
  EXPECT_EQ(read_file(file), run_traincast(common).out);
  const Outcome refused = run_traincast(common + " --out '" + file + "/below'");
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);  // no temporary stays
  std::filesystem::remove_all(folder);
}

TEST(CliGolden, OfSeveralRanksOnlyTheFirstPrints) {
  const std::string words = "list --format csv" + kConfigs;
  EXPECT_NE(run_traincast(words, "OMPI_COMM_WORLD_RANK=0").out, "");
  for (const char* launcher : {"OMPI_COMM", "MV2_COMM"}) {
    const Outcome other = run_traincast(words, std::string(launcher) + "_WORLD_RANK=1");
    EXPECT_EQ(other.code, 0);
    EXPECT_EQ(other.out + other.err, "") << launcher;
  }
}

}  // namespace
}  // namespace traincast
