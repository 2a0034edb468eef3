// traincast search: the best plan for a cluster.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <thread>

#include "host/base/errors.h"
#include "host/cli/command.h"
#include "host/cli/forecasts.h"
#include "host/cli/output.h"
#include "host/cli/search_report.h"
#include "host/config/load.h"
#include "host/search/answer.h"
#include "mpi/session.h"

namespace traincast {
namespace {

using Clock = std::chrono::steady_clock;

Seconds since(Clock::time_point start) {
  return Seconds(std::chrono::duration<double>(Clock::now() - start).count());
}

// A line on the terminal, from the second half second on.
class Progress {
 public:
  explicit Progress(const Arguments& arguments)
      : on_(arguments.speaks() && !arguments.flag("quiet") && isatty(STDERR_FILENO) != 0) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  void operator()(double share) {
    if (!on_ || since(last_) < Seconds(0.5)) return;
    last_ = Clock::now();
    shown_ = true;
    constexpr int kWidth = 30;
    const int full = static_cast<int>(share * kWidth);
    std::string bar(static_cast<std::size_t>(full), '#');
    bar.resize(kWidth, '.');
    std::fprintf(stderr, "\rsearching [%s] %3.0f %%", bar.c_str(), 100 * share);
    std::fflush(stderr);
  }

 private:
  bool on_, shown_ = false;
  Clock::time_point last_ = Clock::now();
};

std::int64_t gpu_count(const std::string& text) {
  constexpr std::int64_t kMost = 100'000'000;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > kMost) {
    throw UsageError("--gpus " + text + " is not accepted; accepted: whole numbers up to 100000000, as " +
                     "16384, 1024,4096 or 1024..262144 (doubling)");
  }
  return value;
}

std::vector<std::int64_t> gpu_counts(const Arguments& arguments) {
  std::vector<std::int64_t> counts;
  for (const std::string& item : arguments.list("gpus")) {
    const std::size_t dots = item.find("..");
    if (dots == std::string::npos) {
      counts.push_back(gpu_count(item));
      continue;
    }
    const std::int64_t first = gpu_count(item.substr(0, dots)), last = gpu_count(item.substr(dots + 2));
    if (last < first) throw UsageError("--gpus " + item + ": the second number is the larger one");
    for (std::int64_t n = first; n <= last; n *= 2) counts.push_back(n);
  }
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

Objective objective_of(const Arguments& arguments) {
  const std::string text = arguments.text("objective");
  const auto* found = std::find(std::begin(kObjectiveNames), std::end(kObjectiveNames), text);
  return static_cast<Objective>(found - std::begin(kObjectiveNames));
}

unsigned thread_count(const Arguments& arguments) {
  if (arguments.given("threads")) return static_cast<unsigned>(arguments.count("threads", 1, 1024));
  const auto local = static_cast<unsigned>(std::max(1, arguments.session().local_size()));
  return std::max(1U, std::thread::hardware_concurrency() / local);
}

struct Request {
  Run run;
  Gates gates;
  Objective objective = Objective::days;
  std::size_t top = 10;
  SetupOptions setup;
  std::vector<std::int64_t> gpus;
};

Request read_request(const Arguments& arguments, const ConfigStore& store) {
  Request request;
  request.run = load_run(store, arguments.positional().front());
  request.gates = load_gates(store, arguments.text("gates"));
  for (const std::string& gate : arguments.list("ignore-gates")) request.gates.ignore(gate);
  request.objective = objective_of(arguments);
  request.top = static_cast<std::size_t>(arguments.count("top", 1, 1000));
  request.setup.fixed = arguments.list("fix");
  for (const std::string& setting : request.setup.fixed) axis_of(setting);
  if (arguments.given("max-batch-tokens")) {
    request.setup.max_batch = Tokens(arguments.number("max-batch-tokens", 1, 1e15));
  }
  request.gpus = gpu_counts(arguments);
  return request;
}

int run_search(const Arguments& arguments) {
  const ConfigStore store = open_configs(arguments);
  Request request = read_request(arguments, store);
  Calibrator calibrator(store, chosen_profile(arguments, store));
  Session& session = arguments.session();
  Progress progress(arguments);
  SearchWorkers workers{
      .threads = thread_count(arguments),
      .part = {static_cast<std::size_t>(session.rank()), static_cast<std::size_t>(session.size())},
      .progress = [&](double share) { progress(share); }};
  if (session.size() > 1) {
    workers.gather = [&](const std::string& mine) { return session.all_gather(mine); };
  }
  const auto start = Clock::now();
  if (request.gpus.size() == 1) request.setup.gpus = request.gpus.front();
  const SearchAnswer answer = find_best(calibrator, request.run, request.setup, request.gates,
                                        request.objective, request.top, workers);
  emit(arguments, search_report(answer, {since(start), workers.threads, session.size()}));
  return 0;
}

}  // namespace

extern const CommandSpec kSearchCommand;
const CommandSpec kSearchCommand{
    .name = "search",
    .summary = "find the best plan for a run: parallelism, sharding, recomputation, schedule",
    .details =
        "Prices every way to lay the run's model out on its GPUs, or on --gpus, and ranks those that fit\n"
        "into memory. Plans that break a sanity gate (configs/gates) are listed apart. Under mpirun the\n"
        "ranks share the work. Keys of --fix: tp pp vp cp ep etp dp zero shard mb batch precision\n"
        "recompute schedule sp; several values between colons, as tp=4:8 or recompute=none:full-50.\n"
        "Exit 3 where no plan fits.",
    .example = "traincast search llama-3.1-405b-16k --fix tp=8",
    .options =
        {{"gpus", "N", "how many GPUs, or several: 1024,4096 or 1024..262144 for a scaling curve", ""},
         {"objective", "WHAT", "days, mfu, cost (rent) or energy", "days", {"days", "mfu", "cost", "energy"}},
         {"top", "N", "plans to list", "10"},
         {"fix", "KEY=VALUE", "only plans with this value; repeat for several keys", ""},
         {"max-batch-tokens", "N", "let the batch double up to so many tokens a step", ""},
         {"gates", "NAME", "sanity gates, a name or a .json file", "default"},
         {"ignore-gates", "LIST", "gates that do not hold, or all", ""},
         {"threads", "N", "threads of this process; all cores where not given", ""},
         kProfileOption},
    .positional = {"RUN", "a name or a .json file", 1, 1},
    .ranks = Ranks::all,
    .run = run_search};

}  // namespace traincast
