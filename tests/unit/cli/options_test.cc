#include "host/cli/options.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "host/base/errors.h"
#include "host/cli/program.h"

namespace traincast {
namespace {

CommandSpec spec() {
  return {.name = "cook",
          .summary = "",
          .details = "",
          .example = "",
          .options = {{"time", "TIME", "", "1 min"},
                      {"guests", "N", "", "2"},
                      {"hot", "", "", ""},
                      {"sides", "LIST", "", "a,b"}},
          .positional = {"DISH", "what", 0, 2},
          .ranks = Ranks::one,
          .run = nullptr};
}

TEST(Options, ValuesFallbacksAndWords) {
  const Arguments typed = parse_arguments(
      spec(), {"soup", "--time=90 s", "--hot", "--guests", "7", "a,b", "--sides", "x,y", "--sides", "z"});
  EXPECT_EQ(typed.quantity<Seconds>("time"), Seconds(90));
  EXPECT_EQ(typed.count("guests", 1, 10), 7);
  EXPECT_TRUE(typed.flag("hot"));
  EXPECT_EQ(typed.list("sides"), (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_EQ(typed.positional(), (std::vector<std::string>{"soup", "a,b"}));  // commas are no separators here
  const Arguments bare = parse_arguments(spec(), {});
  EXPECT_EQ(bare.quantity<Seconds>("time"), Seconds(60));
  EXPECT_FALSE(bare.flag("hot"));
  EXPECT_FALSE(bare.given("time"));
  EXPECT_EQ(bare.list("sides"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(bare.text("format"), "text");
}

TEST(Options, AValueMayBeginWithADashAndTheLastOneCounts) {
  EXPECT_EQ(parse_arguments(spec(), {"--guests", "-5"}).count("guests", -9, 9), -5);
  EXPECT_EQ(parse_arguments(spec(), {"--guests", "5", "--guests=6"}).count("guests", 1, 9), 6);
  EXPECT_EQ(parse_arguments(spec(), {"--", "--hot"}).positional(), (std::vector<std::string>{"--hot"}));
}

TEST(Options, RefusesWhatIsNotAccepted) {
  for (const std::string value : {"0", "11", "3.5", "3x", "nan", "1e1"}) {
    EXPECT_THROW(parse_arguments(spec(), {"--guests", value}).count("guests", 1, 10), UsageError) << value;
  }
  EXPECT_THROW(parse_arguments(spec(), {"--guests", "nan"}).number("guests", 0, 10), UsageError);
  EXPECT_THROW(parse_arguments(spec(), {"--time", "90"}).quantity<Seconds>("time"), UsageError);
  EXPECT_THROW(parse_arguments(spec(), {"--sides", "a,,b"}).list("sides"), UsageError);
  EXPECT_THROW(parse_arguments(spec(), {"a", "b", "c"}), UsageError);
  EXPECT_THROW(parse_arguments(spec(), {"--positional-words", "x"}), UsageError);
}

TEST(Options, AskingForWhatIsNotDeclaredIsAMistakeOfTheProgram) {
  EXPECT_THROW(parse_arguments(spec(), {}).text("tme"), std::logic_error);
  EXPECT_THROW(parse_arguments(spec(), {}).session(), std::logic_error);
}

TEST(Options, GlobalOptionsMayComeBeforeTheCommand) {
  const CommandLine line = split_command_line({"--format", "csv", "--quiet", "list", "--out", "x"});
  EXPECT_EQ(line.command, "list");
  EXPECT_EQ(line.before, (std::vector<std::string>{"--format", "csv", "--quiet"}));
  EXPECT_EQ(line.after, (std::vector<std::string>{"--out", "x"}));
}

TEST(ExitCodes, OneForEachRemedy) {
  EXPECT_EQ(exit_code(UsageError("")), 2);
  EXPECT_EQ(exit_code(ConfigError("")), 2);
  EXPECT_EQ(exit_code(UnitError("")), 2);
  EXPECT_EQ(exit_code(InfeasiblePlan("")), 3);
  EXPECT_EQ(exit_code(DeviceError("")), 1);
  EXPECT_EQ(exit_code(CommError("")), 1);
  EXPECT_EQ(exit_code(std::logic_error("")), 1);
}

TEST(Commands, EachRowIsComplete) {
  for (const CommandSpec* command : commands()) {
    EXPECT_FALSE(command->name.empty());
    EXPECT_FALSE(command->summary.empty()) << command->name;
    EXPECT_NE(command->example.find("traincast " + std::string(command->name)), std::string_view::npos)
        << command->name;
    EXPECT_NE(command->run, nullptr) << command->name;
    for (const OptionSpec& option : command->options) {
      for (const OptionSpec& global : global_options()) EXPECT_NE(option.name, global.name) << command->name;
    }
  }
}

// One dash alone is shorter than the two that an option begins with.
TEST(Options, ALoneDashBeforeTheCommandIsNoOption) {
  EXPECT_THROW(split_command_line({"-", "list"}), UsageError);
}

}  // namespace
}  // namespace traincast
