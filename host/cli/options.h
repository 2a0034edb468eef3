// From argv to Arguments.
#pragma once

#include <string>
#include <vector>

#include "host/cli/command.h"

namespace traincast {

struct CommandLine {
  std::string command;              // "" where none was typed
  std::vector<std::string> before;  // global options typed before the command
  std::vector<std::string> after;
  bool help = false;     // --help or -h before the command
  bool version = false;  // --version before the command
};

// Finds the command among the words. Throws UsageError for an option before it that is not global.
CommandLine split_command_line(const std::vector<std::string>& words);

// Throws UsageError of one line: an unknown option (with near names), a missing or unaccepted value, a value
// for a flag, too few or too many positional words.
Arguments parse_arguments(const CommandSpec& command, const std::vector<std::string>& words);

}  // namespace traincast
