// Completions and the manual page, as shells and troff take them.
#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "tests/golden/golden.h"
#include "tests/golden/program.h"

namespace traincast {
namespace {

// What bash offers for the last of `words`.
std::string completed(const std::string& words, int last) {
  const std::string script =
      "source <('" TRAINCAST_TEST_BINARY "' completion bash); traincast() { '" TRAINCAST_TEST_BINARY
      "' \"$@\" --configs '" TRAINCAST_TEST_CONFIGS "'; }; COMP_WORDS=(" +
      words + "); COMP_CWORD=" + std::to_string(last) + "; _traincast; printf '%s\\n' \"${COMPREPLY[@]}\"";
  const auto folder = std::filesystem::temp_directory_path() / "traincast-completion";
  std::filesystem::create_directories(folder);
  write_file_atomically(folder / "script.bash", script);
  const std::string command = "cd '" + folder.string() + "' && bash --norc script.bash > out";
  EXPECT_EQ(std::system(command.c_str()), 0) << script;
  std::string out = read_file(folder / "out");
  std::filesystem::remove_all(folder);
  return out;
}

bool offers(const std::string& lines, const std::string& line) {
  return ("\n" + lines).find("\n" + line + "\n") != std::string::npos;
}

TEST(Completion, BashOffersCommandsOptionsChoicesAndConfigs) {
  if (std::system("bash --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "there is no bash";
  EXPECT_EQ(completed("traincast estim", 1), "estimate\n");
  EXPECT_TRUE(offers(completed("traincast help cl", 2), "claims"));
  EXPECT_TRUE(offers(completed("traincast trace --max", 2), "--max-events"));
  EXPECT_TRUE(offers(completed("traincast trace --wi", 2), "--width"));
  EXPECT_EQ(completed("traincast list --format ''", 3), "text\nmd\ncsv\njson\n");
  EXPECT_TRUE(offers(completed("traincast estimate grok-3-c", 2), "grok-3-central-100k"));
  EXPECT_TRUE(offers(completed("traincast --format md estimate grok-3-c", 4), "grok-3-central-100k"));
  EXPECT_TRUE(offers(completed("traincast compare --profile h100", 3), "h100-sxm-published"));
  EXPECT_TRUE(offers(completed("traincast list sta", 2), "stacks"));
}

TEST(Completion, EveryCommandIsInBothScripts) {
  std::istringstream help(run_traincast("--help").out);
  const std::string bash = run_traincast("completion bash").out;
  const std::string zsh = run_traincast("completion zsh").out;
  EXPECT_TRUE(zsh.starts_with("#compdef traincast\n"));
  int commands = 0;
  std::string line;
  while (std::getline(help, line) && line != "Commands:") {
  }
  while (std::getline(help, line) && !line.empty()) {
    const std::string name = line.substr(2, line.find(' ', 2) - 2);
    if (name == "help") continue;
    EXPECT_NE(bash.find("    " + name + ")\n"), std::string::npos) << name;
    EXPECT_NE(zsh.find("    " + name + ")\n"), std::string::npos) << name;
    EXPECT_NE(zsh.find("'" + name + ":"), std::string::npos) << name;
    ++commands;
  }
  EXPECT_GT(commands, 5);
  EXPECT_EQ(run_traincast("completion fish").code, 2);
}

TEST(Completion, ZshParsesItsScript) {
  if (std::system("zsh --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "there is no zsh";
  EXPECT_EQ(std::system("'" TRAINCAST_TEST_BINARY "' completion zsh | zsh -n"), 0);
}

TEST(Manual, HasEverySectionAndNothingThatTroffWouldTakeForARequest) {
  const Outcome outcome = run_traincast("help --man");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.out.starts_with(".TH TRAINCAST 1 "));
  for (const char* part :
       {".SH NAME\n", ".SH SYNOPSIS\n", ".SH COMMANDS\n", ".SS traincast claims\n",
        ".SS traincast trace RUN\n", ".SH EXIT STATUS\n", "\\fB\\-\\-max\\-events\\fR \\fIN\\fR\n"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part;
  }
  std::istringstream lines(outcome.out);
  const std::vector<std::string> requests = {".TH", ".SH", ".SS", ".TP", ".PP", ".nf", ".fi"};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('.') && !line.starts_with('\'')) continue;
    EXPECT_TRUE(std::any_of(requests.begin(), requests.end(), [&](const std::string& request) {
      return line.starts_with(request);
    })) << line;
  }
}

TEST(Help, TheProgramsOwnHasAnExampleToo) {
  const Outcome outcome = run_traincast("--help");
  EXPECT_NE(outcome.out.find("\nExample:\n  traincast "), std::string::npos);
}

}  // namespace
}  // namespace traincast
