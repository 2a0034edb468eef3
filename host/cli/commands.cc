#include "host/base/errors.h"
#include "host/cli/command.h"
#include "host/config/near.h"

namespace traincast {

// One line a command: defined in command_NAME.cc, listed below in the order of the help.
extern const CommandSpec kRunCommand;
extern const CommandSpec kMeasureCommand;
extern const CommandSpec kCheckCommand;
extern const CommandSpec kEstimateCommand;
extern const CommandSpec kCompareCommand;
extern const CommandSpec kPowerCommand;
extern const CommandSpec kTraceCommand;
extern const CommandSpec kClaimsCommand;
extern const CommandSpec kSearchCommand;
extern const CommandSpec kSweepCommand;
extern const CommandSpec kDeadlineCommand;
extern const CommandSpec kCollectivesCommand;
extern const CommandSpec kImportCommand;
extern const CommandSpec kExportCommand;
extern const CommandSpec kListCommand;
extern const CommandSpec kValidateCommand;
extern const CommandSpec kCompletionCommand;
extern const CommandSpec kVersionCommand;

const std::vector<const CommandSpec*>& commands() {
  // clang-format off
  static const std::vector<const CommandSpec*> kCommands = {
      &kRunCommand,
      &kMeasureCommand,
      &kCheckCommand,
      &kEstimateCommand,
      &kCompareCommand,
      &kPowerCommand,
      &kTraceCommand,
      &kClaimsCommand,
      &kSearchCommand,
      &kSweepCommand,
      &kDeadlineCommand,
      &kCollectivesCommand,
      &kImportCommand,
      &kExportCommand,
      &kListCommand,
      &kValidateCommand,
      &kCompletionCommand,
      &kVersionCommand,
  };
  // clang-format on
  return kCommands;
}

const CommandSpec& find_command(std::string_view name) {
  std::vector<std::string> names = {"help"};
  for (const CommandSpec* command : commands()) {
    if (command->name == name) return *command;
    names.emplace_back(command->name);
  }
  const std::vector<std::string> near = near_names(name, names);
  throw UsageError(
      "unknown command \"" + std::string(name) + "\"; " +
      (near.empty() ? "accepted: " + join(names, " ") : "did you mean " + join(near, " or ") + "?"));
}

const std::vector<OptionSpec>& global_options() {
  static const std::vector<OptionSpec> kGlobal = {
      {"configs", "DIR", "folder of gpus/, clusters/, models/, ... (or TRAINCAST_CONFIGS)", ""},
      {"format", "FORMAT", "of the result", "text", {"text", "md", "csv", "json"}},
      {"width", "N", "columns of text output; where not given COLUMNS, the terminal's, or 120", ""},
      {"out", "FILE", "write the result to FILE, whole or not at all, instead of the standard output", ""},
      {"quiet", "", "no progress or remarks on the standard error", ""},
      {"backend", "NAME", "what computes here (or TRAINCAST_BACKEND)", "auto", {"auto", "cpu", "cuda"}},
      {"help", "", "describe the command and stop", ""},
  };
  return kGlobal;
}

}  // namespace traincast
