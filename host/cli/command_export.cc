#include <array>
#include <filesystem>
#include <system_error>
#include <vector>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/cli/command.h"
#include "host/cli/forecasts.h"
#include "host/cli/output.h"
#include "host/config/load.h"
#include "host/config/near.h"
#include "host/export/export.h"
#include "host/report/part_tables.h"

namespace traincast {
namespace {

namespace fs = std::filesystem;

struct Kind {
  std::string_view name;
  Export (*make)(const Run&, const System&);
};
constexpr std::array<Kind, 2> kKinds = {{{"calculon", export_calculon}, {"astra-sim", export_astra_sim}}};

const Kind& chosen_kind(const std::string& typed) {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) {
    if (kind.name == typed) return kind;
    names.emplace_back(kind.name);
  }
  throw UsageError("unknown kind \"" + typed + "\"; accepted: " + join(names, " "));
}

int run_export(const Arguments& arguments) {
  const Kind& kind = chosen_kind(arguments.positional()[0]);
  if (!arguments.given("out")) throw UsageError("export needs --out DIR, where the files go");
  const ConfigStore store = open_configs(arguments);
  Calibrator calibrator(store, chosen_profile(arguments, store));
  const Run run = load_run(store, arguments.positional()[1]);
  const Forecast estimate = forecast(calibrator, run);
  if (!estimate.infeasible.empty()) throw InfeasiblePlan(run.name + ": " + estimate.infeasible);
  const CalibratedSystem system = calibrator.system(run, estimate.pace);
  const Export result = kind.make(run, system.view());
  const fs::path folder = arguments.text("out");
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder)) {
    throw ConfigError("cannot make the folder " + folder.string() + ": " +
                      (error ? error.message() : "a file of that name is there"));
  }
  std::vector<FileText> files;
  for (const ExportedFile& file : result.files) files.push_back({folder / file.name, file.text});
  write_files_atomically(files);
  if (!run.parts.empty()) notice(arguments, main_part_note(run));
  for (const std::string& note : result.notes) notice(arguments, note);
  notice(arguments, "wrote " + std::to_string(result.files.size()) + " files to " + folder.string() +
                        "; here a step takes " + to_string(estimate.step.time));
  return 0;
}

}  // namespace

extern const CommandSpec kExportCommand;
const CommandSpec kExportCommand{
    .name = "export",
    .summary = "write a run as the input files of Calculon or ASTRA-sim, to compare with theirs",
    .details =
        "export calculon RUN    application.json, execution.json and system.json\n"
        "export astra-sim RUN   network.yml, system.json, memory.json of ASTRA-sim 2, and workload.txt, the "
        "text "
        "format "
        "of\n                       version 1 that chakra_converter makes into traces for version 2\n"
        "Dense models. What the other program does not express is said on the standard error.",
    .example = "traincast export calculon llama-3.1-405b-16k --out calculon",
    .options = {kProfileOption},
    .positional = {"KIND RUN", "calculon or astra-sim; then a name or a .json file", 2, 2},
    .ranks = Ranks::one,
    .run = run_export};

}  // namespace traincast
