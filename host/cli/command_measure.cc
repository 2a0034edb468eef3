#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/cli/command.h"
#include "host/cli/output.h"
#include "host/cli/progress.h"
#include "host/cli/version.h"
#include "host/config/json.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "host/config/near.h"
#include "host/measure/devices.h"
#include "host/measure/measure.h"
#include "host/measure/resume.h"
#include "host/measure/saver.h"
#include "host/measure/slow_devices.h"
#include "host/measure/storage.h"
#include "host/measure/summary.h"
#include "mpi/job_watch.h"

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

Mode mode_of(const Arguments& arguments, Effort effort) {
  // Settling takes minutes, which a quick look does not have.
  if (!arguments.given("mode") && effort == Effort::quick) return Mode::burst;
  const std::string mode = arguments.text("mode");
  for (int i = 0; i < kModes; ++i) {
    if (mode == name(static_cast<Mode>(i))) return static_cast<Mode>(i);
  }
  throw UsageError("--mode " + mode + " is not accepted; accepted: burst sustained both");
}

struct Request {
  std::filesystem::path file;
  Seconds timeout;
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
  request.options.mode = mode_of(arguments, request.options.effort);
  request.options.sections = sections_of(arguments);
  request.timeout = Seconds(arguments.number("timeout", 1, 86400));
  request.options.algorithms = static_cast<int>(arguments.count("algorithms", 1, 64));
  const std::string backend = backend_choice(arguments);
  // Minutes of measuring must not end in a folder that is not there.
  if (arguments.speaks()) check_writable(request.file);
  if (arguments.given("storage")) {
    request.options.storage = arguments.text("storage");
    check_storage(request.options.storage, storage_file(request.options.effort), arguments.session().size());
  }
  request.backend = make_rank_backend(arguments.session(), backend, request.device);
  const DeviceInfo info = request.backend->info();
  const bool cpu = info.backend == "cpu";
  // A CPU without --run needs no configs at all.
  if (!cpu || arguments.given("run")) {
    const ConfigStore store = open_configs(arguments);
    request.options.gpu = gpu_config_of(store, info);
    request.options.run_ops = wanted_run_ops(arguments, store, cpu);
    request.options.runs = join(arguments.list("run"), ",");
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

// The measurement to go on with, on all ranks as rank 0 reads it; none where there is no file yet.
std::optional<Profile> earlier_profile(Session& session, const std::filesystem::path& file) {
  std::string text;
  if (session.rank() == 0 && std::filesystem::exists(file)) {
    text = read_file(file, kMaxJsonBytes);
    static_cast<void>(parse_profile(text, file));  // what is wrong with it is said by rank 0 alone
  }
  text = broadcast_text(session, text);
  if (text.empty()) return std::nullopt;
  return parse_profile(text, file);
}

Measurement measure_all(const Arguments& arguments, Request& request, JobWatch& watch) {
  Session& session = arguments.session();
  const DeviceInfo info = request.backend->info();
  watch.at("the start of " + info.name);
  check_same_devices(session, info);
  const auto communicator = make_communicator(session, info.backend, request.device, request.timeout);
  Saver saver(request.file);
  if (session.rank() == 0) {
    request.options.keep = [&](const Profile& profile, bool pass_ends) { saver.keep(profile, pass_ends); };
  }
  request.options.watch = &watch;
  if (arguments.flag("resume")) {
    request.options.earlier = earlier_profile(session, request.file);
    const auto rows = [](const Profile& p) {
      return p.ops.size() + p.collectives.size() + p.host_ops.size();
    };
    notice(arguments, request.options.earlier
                          ? "going on after " + std::to_string(rows(*request.options.earlier)) + " rows of " +
                                request.file.string()
                          : "no " + request.file.string() + " to go on with; from the start");
  }
  if (request.options.gpu.empty()) {
    notice(arguments, "no GPU config names \"" + info.name + "\"; the profile names none");
  }
  notice(arguments, "measuring " + std::to_string(session.size()) + " x " + info.name + " (" + info.backend +
                        "), messages by " + std::string(communicator->name()) + ", " +
                        std::string(name(request.options.mode)));
  CommandProgress progress(arguments);
  Measurement result = measure(*request.backend, *communicator, session, request.options,
                               [&](std::string_view line) { progress.output().show(line); });
  progress.output().clear();
  return result;
}

int run_measure(const Arguments& arguments) {
  Session& session = arguments.session();
  Request request = agreed_request(arguments);
  JobWatch watch(session, request.timeout);
  Measurement result;
  try {
    result = measure_all(arguments, request, watch);
  } catch (...) {
    // Ranks of a host often fail together: the first one's line is enough.
    if (!watch.claim()) session.abort(1);
    throw;
  }
  print_report(arguments, measurement_summary(result.profile));
  notice(arguments, "wrote " + request.file.string());
  for (const SlowDevice& slow : result.profile.slow_devices) {
    notice(arguments, "slow: " + to_string(slow));
  }
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
        "All ranks measure at once; start one a GPU with mpirun. --out is the profile, a whole file at any\n"
        "time while it grows; --resume goes on with one that was broken off, on the same machine with the\n"
        "same options. Collectives run between all ranks, the ranks of a node, one rank of each node (a\n"
        "rail) and groups inside a node; each is checked before it is timed: a wrong result ends the\n"
        "command with 1, after the rest was measured. A rank that dies or hangs ends all of them. A\n"
        "summary goes to the standard output.",
    .example = "mpirun -n 8 traincast measure --out profile.json",
    .options = {{"quick", "", "few shapes and samples: under a minute on a CPU", ""},
                {"full", "", "many shapes, quiet samples: hours; else about five minutes", ""},
                {"mode",
                 "MODE",
                 "burst (cool), sustained (settled under load) or both; burst with --quick",
                 "both",
                 {"burst", "sustained", "both"}},
                {"ops", "LIST", "of gemm,attention,memory,host,runs,collectives,interference",
                 "gemm,attention,memory,host,runs,collectives,interference"},
                {"run", "RUN", "a run whose exact shapes to measure; all shipped ones on a GPU", ""},
                {"algorithms", "N", "of the library to try for a GEMM of a run, for a best figure beside it",
                 "8"},
                {"storage", "DIR", "also measure how fast all ranks write files there", ""},
                {"resume", "", "go on with the profile that --out names", ""},
                {"timeout", "SECONDS", "end the job when one call takes longer", "120"}},
    .positional = {},
    .ranks = Ranks::all,
    .run = run_measure};

}  // namespace traincast
