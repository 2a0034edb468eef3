// A command of the program as a row of a table. To add one: a file command_NAME.cc that defines
// `const CommandSpec kName{...}` and its function, a declaration and a line in commands.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/cli/arguments.h"

namespace traincast {

enum class Ranks { one, all };

struct PositionalSpec {
  std::string_view value_name;  // "RUN"; "" for none
  std::string_view help;
  int min = 0;
  int max = 0;                                 // 1'000'000 for "any number"
  std::vector<std::string_view> choices = {};  // what shells complete; the command checks
};

struct CommandSpec {
  std::string_view name;
  std::string_view summary;  // one line, no full stop
  std::string_view details;  // further lines for its help; may be ""
  std::string_view example;  // a full command line, with a line about it if it needs one
  std::vector<OptionSpec> options;
  PositionalSpec positional;
  // Under mpirun, `one` runs on rank 0 alone (the others end at once); `all` on every rank, with
  // Arguments::session().
  Ranks ranks = Ranks::one;
  int (*run)(const Arguments&) = nullptr;  // the exit code
};

// In the order of the help.
const std::vector<const CommandSpec*>& commands();
// Throws UsageError that lists near names.
const CommandSpec& find_command(std::string_view name);

// Options that every command has: --configs --format --width --out --quiet --backend --help.
const std::vector<OptionSpec>& global_options();

}  // namespace traincast
