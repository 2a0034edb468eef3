#include "host/cli/uncertainties.h"

#include "host/base/errors.h"
#include "host/cli/output.h"
#include "host/config/load.h"

namespace traincast {

const OptionSpec kDrawsOption{.name = "draws",
                              .value_name = "N",
                              .help = "how many draws of the uncertain inputs (an even number)",
                              .fallback = "2048"};
const OptionSpec kSeedOption{.name = "seed",
                             .value_name = "N",
                             .help = "of all that is random: the same seed gives the same bytes",
                             .fallback = "1"};

std::uint64_t chosen_seed(const Arguments& arguments) {
  return static_cast<std::uint64_t>(arguments.count("seed", 0, INT64_MAX));
}

UncertaintyOptions chosen_draws(const Arguments& arguments) {
  UncertaintyOptions options;
  const std::int64_t draws =
      arguments.count("draws", static_cast<std::int64_t>(kLeastDraws), static_cast<std::int64_t>(kMostDraws));
  if (draws % 2 != 0) {
    throw UsageError("--draws " + std::to_string(draws) + " is not accepted; accepted: an even number");
  }
  options.draws = static_cast<std::uint64_t>(draws);
  options.seed = chosen_seed(arguments);
  return options;
}

std::optional<Uncertainty> uncertainty_of(const Arguments& arguments, const ConfigStore& store,
                                          const Forecast& forecast) {
  const UncertaintyOptions options = chosen_draws(arguments);
  const std::string set = uncertainty_of_run(store, arguments.positional().front());
  if (set == "default" && store.names(ConfigKind::uncertainty).empty()) {
    notice(arguments,
           "no uncertainty in the report: there is no uncertainty/default.json in " + store.root().string());
    return std::nullopt;
  }
  return estimate_uncertainty(
      bind_uncertainty(forecast, load_gpu(store, forecast.pace), load_uncertainty(store, set), store),
      options);
}

}  // namespace traincast
