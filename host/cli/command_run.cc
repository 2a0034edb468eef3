#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/cli/command.h"
#include "host/cli/forecasts.h"
#include "host/cli/output.h"
#include "host/cli/version.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "host/measure/devices.h"
#include "host/measure/measure.h"
#include "host/measure/summary.h"
#include "host/report/compare_report.h"
#include "host/report/estimate_report.h"
#include "host/report/renderer.h"
#include "mpi/job_watch.h"

namespace traincast {
namespace {

namespace fs = std::filesystem;

struct Job {
  explicit Job(ConfigStore configs) : store(std::move(configs)) {}
  ConfigStore store;
  fs::path folder;
  std::vector<std::string> runs;
  std::unique_ptr<Backend> backend;
  int device = 0;
  MeasureOptions options;
};

constexpr const char* kFiles[] = {"profile.json", "report.md", "comparison.csv", "comparison.json"};

// Minutes of measuring must not end in a folder that is not there.
void make_folder(const Job& job) {
  std::error_code error;
  fs::create_directories(job.folder, error);
  if (error) throw ConfigError("cannot write " + job.folder.string() + ": " + error.message());
  for (const char* file : kFiles) check_writable(job.folder / file);
}

Job prepare(const Arguments& arguments) {
  Job job(open_configs(arguments));
  job.folder = arguments.given("out") ? arguments.text("out") : "out";
  job.runs = arguments.positional().empty() ? default_runs(job.store) : arguments.positional();
  // Nor in a config that is broken.
  if (arguments.speaks()) forecast_all(arguments, job.store, job.runs, std::nullopt);
  job.backend = make_rank_backend(arguments.session(), backend_choice(arguments), job.device);
  const DeviceInfo info = job.backend->info();
  job.options.effort = arguments.flag("quick") ? Effort::quick : Effort::normal;
  job.options.mode = arguments.flag("quick") ? Mode::burst : Mode::both;
  job.options.gpu = gpu_config_of(job.store, info);
  job.options.name = "profile";
  job.options.tool_version = build_info().version;
  if (info.backend != "cpu") {  // the shapes of the runs are too large for a CPU
    std::vector<Run> runs;
    runs.reserve(job.runs.size());
    for (const std::string& run : job.runs) runs.push_back(load_run(job.store, run));
    job.options.run_ops = ops_of_runs(runs);
  }
  if (arguments.speaks()) make_folder(job);  // last: a job that is refused leaves no folder
  return job;
}

// Rank 0 first, so that what is wrong with the command is said once.
Job agreed_job(const Arguments& arguments) {
  Session& session = arguments.session();
  if (session.rank() != 0) session.barrier();
  Job job = prepare(arguments);
  if (session.rank() == 0) session.barrier();
  return job;
}

// Whether an estimate may rest on what was measured here: not on a CPU, and not on a device without a config.
bool describes_gpu(const Profile& profile) {
  return !profile.gpu.empty() && profile.gpu != "cpu";
}

// Which of the figures were measured here, in two sentences.
std::vector<Scalar> origins(const Profile& profile, const std::vector<Forecast>& forecasts) {
  std::size_t rows = 0;
  for (const Forecast& forecast : forecasts) rows += forecast.profile_used ? 1 : 0;
  const std::string measured =
      std::to_string(profile.ranks) + " x " + profile.device.name + " (" + profile.device.backend + "), " +
      grouped(static_cast<std::int64_t>(profile.ops.size())) + " operations and " +
      grouped(static_cast<std::int64_t>(profile.collectives.size())) + " messages by " + profile.communicator;
  std::string rest;
  if (rows > 0) {
    rest = std::to_string(rows) + " of " + std::to_string(forecasts.size()) +
           " runs take the kernel times measured here on " + profile.gpu +
           "; all other figures, and every collective between nodes, rest on the shipped published "
           "rates, datasheets and assumptions";
  } else {
    rest =
        "none of what was measured here: every figure of a GPU below (A100, H100, H200, ...) rests on the "
        "shipped published rates, datasheets and assumptions, because " +
        std::string(describes_gpu(profile) ? "no run is paced by the GPU of this machine"
                                           : "no GPU that the configs know was measured");
  }
  return {{"measured_here", "measured here", text_cell(measured)},
          {"estimates_rest_on", "the estimates rest on", text_cell(rest)}};
}

void write_all(const Arguments& arguments, const Job& job, const Measurement& result) {
  const Profile& profile = result.profile;
  const std::vector<Forecast> forecasts =
      forecast_all(arguments, job.store, job.runs,
                   describes_gpu(profile) ? std::optional<Profile>(profile) : std::nullopt);
  Report comparison = compare_report(forecasts);
  comparison.scalars = origins(profile, forecasts);
  comparison.title = "How long these runs take";
  std::string markdown = render(comparison, "md") + "\n" + render(measurement_summary(profile), "md");
  for (const Forecast& forecast : forecasts) {
    if (forecast.infeasible.empty()) markdown += "\n" + render(estimate_report(forecast), "md");
  }
  // Everything is made before the first file is written.
  const std::string csv = render(comparison, "csv");
  const std::string json = render(comparison, "json");
  save_profile(profile, job.folder / kFiles[0]);
  write_file_atomically(job.folder / kFiles[1], markdown);
  write_file_atomically(job.folder / kFiles[2], csv);
  write_file_atomically(job.folder / kFiles[3], json);
  print_report(arguments, comparison);
  for (const char* file : kFiles) notice(arguments, "wrote " + (job.folder / file).string());
  for (const std::string& failure : result.failures) notice(arguments, "wrong result: " + failure);
}

int run_job(const Arguments& arguments) {
  Session& session = arguments.session();
  Job job = agreed_job(arguments);
  const DeviceInfo info = job.backend->info();
  check_same_devices(session, info);
  std::optional<JobWatch> watch;
  watch.emplace(session, kCollectiveTimeout);
  job.options.watch = &*watch;
  const auto communicator = make_communicator(session, info.backend, job.device);
  notice(arguments, "measuring " + std::to_string(session.size()) + " x " + info.name + " (" + info.backend +
                        "), messages by " + std::string(communicator->name()));
  const Measurement result = measure(*job.backend, *communicator, session, job.options,
                                     [&](std::string_view line) { notice(arguments, line); });
  watch.reset();
  if (session.rank() == 0) write_all(arguments, job, result);
  return result.failures.empty() ? 0 : 1;
}

}  // namespace

extern const CommandSpec kRunCommand;
const CommandSpec kRunCommand{
    .name = "run",
    .summary = "the main job: measure this machine, estimate the shipped runs, compare",
    .details =
        "Start one rank a GPU with mpirun. --out is a folder (out where it is not given), which gets\n"
        "profile.json, report.md, comparison.csv and comparison.json; the table goes to the standard\n"
        "output. Runs on GPUs of the kind measured here use what was measured, all others the shipped\n"
        "rates.",
    .example = "mpirun -n 8 traincast run --out out",
    .options = {{"quick", "", "few shapes and samples: under a minute on a CPU", ""}},
    .positional = {"RUN", "names or .json files; the shipped set where none is named", 0, 1'000'000},
    .ranks = Ranks::all,
    .run = run_job};

}  // namespace traincast
