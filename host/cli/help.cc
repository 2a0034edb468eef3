#include "host/cli/help.h"

#include <algorithm>

#include "host/config/near.h"

namespace traincast {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

std::string aligned(const Lines& lines) {
  std::size_t width = 0;
  for (const auto& [left, right] : lines) width = std::max(width, left.size());
  std::string out;
  for (const auto& [left, right] : lines) {
    out.append("  ").append(left).append(width + 2 - left.size(), ' ').append(right).append("\n");
  }
  return out;
}

std::string option_lines(const std::vector<OptionSpec>& options) {
  Lines lines;
  for (const OptionSpec& option : options) {
    std::string left = "--" + std::string(option.name);
    if (!option.value_name.empty()) left += " " + std::string(option.value_name);
    std::string right(option.help);
    if (!option.choices.empty()) {
      right += ": " + join(std::vector<std::string>(option.choices.begin(), option.choices.end()), ", ");
    }
    if (!option.fallback.empty()) right += " (default: " + std::string(option.fallback) + ")";
    lines.emplace_back(left, right);
  }
  return aligned(lines);
}

std::string positional_usage(const PositionalSpec& positional) {
  if (positional.value_name.empty()) return "";
  std::string usage(positional.value_name);
  if (positional.max > 1) usage += " ...";
  return " " + (positional.min == 0 ? "[" + usage + "]" : usage);
}

}  // namespace

std::string program_help() {
  std::string out =
      "traincast: how long a large training run takes, before anyone rents the GPUs\n\n"
      "Usage: traincast COMMAND [options]\n\nCommands:\n";
  Lines lines;
  for (const CommandSpec* command : commands()) lines.emplace_back(command->name, command->summary);
  lines.emplace_back("help [COMMAND]", "describe a command, with an example; --man prints the manual page");
  out += aligned(lines);
  out += "\nOptions of every command:\n" + option_lines(global_options());
  out +=
      "\nExit codes: 0 done, 1 failed, 2 wrong command line or file, 3 a plan that does not fit.\n"
      "Results go to the standard output, progress and warnings to the standard error.\n"
      "\nExample:\n  traincast compare gpt-4-a100-25k grok-3-central-100k --format md\n";
  return out;
}

std::string command_help(const CommandSpec& command) {
  const std::string name(command.name);
  std::string out = "traincast " + name + ": " + std::string(command.summary) + "\n\nUsage: traincast " +
                    name + positional_usage(command.positional) + " [options]\n";
  if (!command.details.empty()) out += "\n" + std::string(command.details) + "\n";
  if (!command.positional.value_name.empty()) {
    out += "\nArguments:\n" +
           aligned({{std::string(command.positional.value_name), std::string(command.positional.help)}});
  }
  if (!command.options.empty()) out += "\nOptions:\n" + option_lines(command.options);
  out += "\nOptions of every command:\n" + option_lines(global_options());
  out += "\nExample:\n  " + std::string(command.example) + "\n";
  return out;
}

}  // namespace traincast
