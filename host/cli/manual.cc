#include "host/cli/manual.h"

#include "host/cli/command.h"
#include "host/cli/version.h"
#include "host/config/near.h"

namespace traincast {
namespace {

// Text that troff takes as it is: no requests, no escapes, hyphens that can be copied.
std::string text(std::string_view words) {
  std::string out;
  bool start = true;
  for (const char c : words) {
    if (start && (c == '.' || c == '\'')) out += "\\&";
    start = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string tagged(const std::string& tag, const std::string& words) {
  return ".TP\n" + tag + "\n" + words + "\n";
}

std::string option_items(const std::vector<OptionSpec>& options) {
  std::string out;
  for (const OptionSpec& option : options) {
    std::string tag = "\\fB\\-\\-" + text(option.name) + "\\fR";
    if (!option.value_name.empty()) tag += " \\fI" + text(option.value_name) + "\\fR";
    std::string help(option.help);
    if (!option.choices.empty()) {
      help += ": " + join(std::vector<std::string>(option.choices.begin(), option.choices.end()), ", ");
    }
    if (!option.fallback.empty()) help += " (default: " + std::string(option.fallback) + ")";
    out += tagged(tag, text(help) + ".");
  }
  return out;
}

// As it stands, lines kept.
std::string verbatim(std::string_view words) {
  return ".PP\n.nf\n" + text(words) + "\n.fi\n";
}

std::string command_section(const CommandSpec& command) {
  const PositionalSpec& words = command.positional;
  std::string out = ".SS traincast " + text(command.name);
  if (!words.value_name.empty()) out += " " + text(words.value_name);
  out += "\n" + text(command.summary) + ".\n";
  if (!command.details.empty()) out += verbatim(command.details);
  if (!words.value_name.empty())
    out += tagged("\\fI" + text(words.value_name) + "\\fR", text(words.help) + ".");
  out += option_items(command.options);
  return out + ".PP\nExample:\n.PP\n.nf\n    " + text(command.example) + "\n.fi\n";
}

}  // namespace

std::string manual_page() {
  std::string out =
      ".TH TRAINCAST 1 \"\" \"traincast " + std::string(build_info().version) +
      "\" \"User Commands\"\n"
      ".SH NAME\n"
      "traincast \\- how long a large training run takes, before anyone rents the GPUs\n"
      ".SH SYNOPSIS\n"
      "\\fBtraincast\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]\n"
      ".SH DESCRIPTION\n"
      "MPI ranks time real kernels and collectives; a calibrated model extrapolates to clusters of up to\n"
      "200,000 GPUs: step time, memory, days with and without failures, energy and cost. Results go to the\n"
      "standard output, progress and warnings to the standard error.\n"
      ".SH COMMANDS\n";
  for (const CommandSpec* command : commands()) out += command_section(*command);
  out +=
      ".SS traincast help COMMAND\nDescribe a command, with an example. \\fBhelp \\-\\-man\\fR prints this "
      "page.\n";
  out += ".SH OPTIONS OF EVERY COMMAND\n" + option_items(global_options());
  out += ".SH EXIT STATUS\n" + tagged("0", "done.") + tagged("1", "failed.") +
         tagged("2", "wrong command line or file.") + tagged("3", "a plan that does not fit.");
  out += ".SH ENVIRONMENT\n" + tagged("TRAINCAST_CONFIGS", "as \\fB\\-\\-configs\\fR.") +
         tagged("TRAINCAST_BACKEND", "as \\fB\\-\\-backend\\fR.") +
         tagged("COLUMNS", "the width of text output.");
  return out;
}

}  // namespace traincast
