#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/cli/command.h"
#include "host/cli/output.h"
#include "host/cli/progress.h"
#include "host/cli/version.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "host/config/near.h"
#include "host/measure/devices.h"
#include "host/measure/measure.h"
#include "host/measure/summary.h"

namespace traincast {
namespace {

Effort effort_of(const Arguments& arguments) {
  if (arguments.flag("quick") && arguments.flag("full")) {
    throw UsageError("--quick and --full exclude one another");
  }
  if (arguments.flag("quick")) return Effort::quick;
  return arguments.flag("full") ? Effort::full : Effort::normal;
}

std::vector<Section> sections_of(const Arguments& arguments) {
  std::vector<Section> sections;
  const std::vector<std::string> wanted = arguments.list("ops");
  std::vector<std::string> known;
  for (int i = 0; i < kSections; ++i) {
    known.emplace_back(name(static_cast<Section>(i)));
    if (std::find(wanted.begin(), wanted.end(), known.back()) != wanted.end()) {
      sections.push_back(static_cast<Section>(i));
    }
  }
  for (const std::string& word : wanted) {
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      throw UsageError("--ops " + word + " is not accepted; accepted: " + join(known, " "));
    }
  }
  return sections;
}

struct Request {
  std::filesystem::path file;
  MeasureOptions options;
  int device = 0;
  std::unique_ptr<Backend> backend;
};

// The shapes of the runs named, or of all shipped ones: those are too large for a CPU.
std::vector<Op> wanted_run_ops(const Arguments& arguments, const ConfigStore& store, bool cpu) {
  std::vector<std::string> names = arguments.list("run");
  if (names.empty() && !cpu) names = store.names(ConfigKind::runs);
  std::vector<Run> runs;
  runs.reserve(names.size());
  for (const std::string& run : names) runs.push_back(load_run(store, run));
  return ops_of_runs(runs);
}

Request read_request(const Arguments& arguments) {
  Request request;
  if (!arguments.given("out")) throw UsageError("measure needs --out FILE, where the profile goes");
  request.file = arguments.text("out");
  request.options.effort = effort_of(arguments);
  request.options.sections = sections_of(arguments);
  const std::string backend = backend_choice(arguments);
  // Minutes of measuring must not end in a folder that is not there.
  if (arguments.speaks()) check_writable(request.file);
  request.backend = make_rank_backend(arguments.session(), backend, request.device);
  const DeviceInfo info = request.backend->info();
  const bool cpu = info.backend == "cpu";
  // A CPU without --run needs no configs at all.
  if (!cpu || arguments.given("run")) {
    const ConfigStore store = open_configs(arguments);
    request.options.gpu = gpu_config_of(store, info);
    request.options.run_ops = wanted_run_ops(arguments, store, cpu);
  } else {
    request.options.gpu = "cpu";
  }
  request.options.name = request.file.stem().string();
  request.options.tool_version = build_info().version;
  return request;
}

// Rank 0 first, so that what is wrong with the command is said once.
Request agreed_request(const Arguments& arguments) {
  Session& session = arguments.session();
  if (session.rank() != 0) {
    session.barrier();
    return read_request(arguments);
  }
  Request request = read_request(arguments);
  session.barrier();
  return request;
}

int run_measure(const Arguments& arguments) {
  Session& session = arguments.session();
  Request request = agreed_request(arguments);
  const DeviceInfo info = request.backend->info();
  check_same_devices(session, info);
  const auto communicator = make_communicator(session, info.backend, request.device);
  if (session.rank() == 0) {
    request.options.section_done = [&](const Profile& profile) { save_profile(profile, request.file); };
  }
  if (request.options.gpu.empty()) {
    notice(arguments, "no GPU config names \"" + info.name + "\"; the profile names none");
  }
  notice(arguments, "measuring " + std::to_string(session.size()) + " x " + info.name + " (" + info.backend +
                        "), messages by " + std::string(communicator->name()));
  CommandProgress progress(arguments);
  const Measurement result = measure(*request.backend, *communicator, session, request.options,
                                     [&](std::string_view line) { progress.output().show(line); });
  progress.output().clear();
  print_report(arguments, measurement_summary(result.profile));
  notice(arguments, "wrote " + request.file.string());
  if (result.failures.empty()) return 0;
  for (const std::string& failure : result.failures) {
    if (arguments.speaks()) std::fprintf(stderr, "traincast: wrong result: %s\n", failure.c_str());
  }
  return 1;
}

}  // namespace

extern const CommandSpec kMeasureCommand;
const CommandSpec kMeasureCommand{
    .name = "measure",
    .summary = "time this machine's operations and collectives into a profile",
    .details =
        "All ranks measure at once; start one a GPU with mpirun. --out is the profile, written anew\n"
        "after each part; a summary goes to the standard output. Every collective is checked before it\n"
        "is timed: a wrong result ends the command with 1, after the rest was measured.",
    .example = "mpirun -n 8 traincast measure --out profile.json",
    .options = {{"quick", "", "few shapes and samples: under a minute on a CPU", ""},
                {"full", "", "many shapes, quiet samples: hours", ""},
                {"ops", "LIST", "of gemm,attention,memory,runs,collectives",
                 "gemm,attention,memory,runs,collectives"},
                {"run", "RUN", "a run whose exact shapes to measure; all shipped ones on a GPU", ""}},
    .positional = {},
    .ranks = Ranks::all,
    .run = run_measure};

}  // namespace traincast
