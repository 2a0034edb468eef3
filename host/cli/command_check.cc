#include <limits>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/check/check.h"
#include "host/check/check_report.h"
#include "host/cli/command.h"
#include "host/cli/forecasts.h"
#include "host/cli/output.h"
#include "host/cli/version.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "host/measure/devices.h"
#include "host/measure/measure.h"

namespace traincast {
namespace {

Precision precision_of(const std::string& text) {
  for (int i = 0; i < static_cast<int>(std::size(kPrecisionNames)); ++i) {
    if (kPrecisionNames[i] == text) return static_cast<Precision>(i);
  }
  throw UsageError("--precision " + text + " is not accepted");  // choices are checked before
}

// 0 where the option was not given.
std::int64_t optional_count(const Arguments& arguments, std::string_view option, std::int64_t max) {
  return arguments.given(option) ? arguments.count(option, 1, max) : 0;
}

CheckRequest read_request(const Arguments& arguments, const ConfigStore& store, const DeviceInfo& device) {
  constexpr std::int64_t kLongest = std::int64_t{1} << 22;
  CheckRequest request;
  request.model = load_transformer(store, arguments.text("model"));
  request.scale = optional_count(arguments, "scale", 1024);
  request.layers = optional_count(arguments, "layers", request.model.layers);
  if (arguments.given("sequence")) request.sequence = arguments.count("sequence", 1, kLongest);
  request.plan.tensor_parallel = arguments.count("tensor-parallel", 1, 1 << 20);
  request.plan.zero_stage = static_cast<int>(arguments.count("zero", 0, 3));
  request.plan.precision = precision_of(arguments.text("precision"));
  request.plan.micro_batch = arguments.count("micro-batch", 1, 1 << 16);
  request.plan.micro_batches = arguments.count("micro-batches", 1, 1 << 16);
  request.tries = static_cast<int>(arguments.count("tries", 1, 10'000));
  request.profile = chosen_profile(arguments, store);
  request.gpu = gpu_config_of(store, device);
  request.tool_version = build_info().version;
  request.when = utc_now;
  request.notice = [&arguments](std::string_view line) { notice(arguments, line); };
  return request;
}

int run_check(const Arguments& arguments) {
  Session& session = arguments.session();
  const ConfigStore store = open_configs(arguments);
  int device = 0;
  const auto backend = make_rank_backend(session, backend_choice(arguments), device);
  const CheckRequest request = rank_0_first(session, [&] {
    if (arguments.speaks() && arguments.given("save-profile")) check_writable(arguments.text("save-profile"));
    return read_request(arguments, store, backend->info());
  });
  check_same_devices(session, backend->info());
  const auto communicator = make_communicator(session, backend->info().backend, device);
  RankMachine machine{*backend, *communicator, session, steady_now, request.seed};
  const CheckResult result = check_step(machine, store, request);
  if (arguments.speaks() && arguments.given("save-profile")) {
    save_profile(result.profile, arguments.text("save-profile"));
  }
  emit(arguments, check_report(result));
  return 0;
}

}  // namespace

extern const CommandSpec kCheckCommand;
const CommandSpec kCheckCommand{
    .name = "check",
    .summary = "run a real training step on the ranks at hand and compare it with the prediction",
    .details =
        "All ranks play the step together: forward, backward with the gradients reduced beneath it, "
        "optimiser.\n"
        "The prediction is that of estimate, from --profile or from each operation measured alone "
        "beforehand.\n"
        "On a CPU the model is scaled down. Exit 3 where not even one layer fits.",
    .example = "mpirun -n 2 traincast check --model llama-3-8b",
    .options = {{"model", "MODEL", "a name or a .json file", "llama-3-8b"},
                {"scale", "N", "divide widths by N, vocabulary and sequence by its square; 1, on a CPU 8",
                 ""},
                {"layers", "N", "how many; as many as fit, on a CPU those of about a second", ""},
                {"tensor-parallel", "T", "ranks that share a layer; the others are data-parallel", "1"},
                {"zero", "STAGE", "what data-parallel ranks share: 0 to 3", "1"},
                {"precision", "NAME", "of the linear layers", "bf16", {"fp16", "bf16", "fp8"}},
                {"sequence", "TOKENS", "of a sequence; the model's, scaled", ""},
                {"micro-batch", "B", "sequences at once", "1"},
                {"micro-batches", "M", "of a step and rank", "2"},
                {"tries", "N", "steps to take the median of", "5"},
                kProfileOption,
                {"save-profile", "FILE", "also write the profile of the step's shapes that was measured",
                 ""}},
    .positional = {},
    .ranks = Ranks::all,
    .run = run_check};

}  // namespace traincast
