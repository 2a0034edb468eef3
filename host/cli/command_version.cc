#include "host/cli/command.h"
#include "host/cli/output.h"
#include "host/cli/version.h"

namespace traincast {
namespace {

int run_version(const Arguments& arguments) {
  const BuildInfo& build = build_info();
  Report report{.name = "version", .title = "traincast " + std::string(build.version)};
  report.scalars = {
      {"version", "", text_cell(build.version)},
      {"commit", "commit", build.commit.empty() ? missing_cell("unknown") : text_cell(build.commit)},
      {"build_type", "build", text_cell(build.build)},
      {"build_options", "options", text_cell(build.options)},
      {"libraries", "libraries", text_cell(build.libraries)},
      {"compiler", "compiler", text_cell(build.compiler)},
  };
  emit(arguments, report);
  return 0;
}

}  // namespace

extern const CommandSpec kVersionCommand;
const CommandSpec kVersionCommand{
    .name = "version",
    .summary = "say what this binary is: version, commit, options, libraries, compiler",
    .details = "",
    .example = "traincast version --format json",
    .options = {},
    .positional = {},
    .ranks = Ranks::one,
    .run = run_version};

}  // namespace traincast
