// traincast validate runs|collectives|kernels|reliability: how far the model is from what others measured;
// and validate configs.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "host/base/csv.h"
#include "host/base/errors.h"
#include "host/calibrate/fabric.h"
#include "host/calibrate/kernel_csv.h"
#include "host/calibrate/validate_kernels.h"
#include "host/cli/command.h"
#include "host/cli/output.h"
#include "host/cli/progress.h"
#include "host/cli/uncertainties.h"
#include "host/cli/validate_configs.h"
#include "host/config/load.h"
#include "host/risk/published_reliability.h"
#include "host/validate/cross_validate.h"
#include "host/validate/library.h"
#include "host/validate/validate_report.h"

namespace traincast {
namespace {

std::string one_file(const Arguments& arguments, std::string_view kind) {
  if (arguments.positional().size() != 2) {
    throw UsageError("traincast validate " + std::string(kind) + " takes one FILE.csv; got " +
                     std::to_string(arguments.positional().size() - 1));
  }
  return arguments.positional()[1];
}

int validate_runs(const Arguments& arguments) {
  arguments.refuse({"fit", "predict", "gpu", "histories", "seed"});
  const std::string file = one_file(arguments, "runs");
  const Library library = load_library(open_configs(arguments));
  const std::vector<PublishedRun> runs = read_published_runs(CsvTable::from_file(file), library.models);
  CommandProgress progress(arguments);
  ProgressMeter meter("rows", std::max<std::size_t>(runs.size(), 1), progress.now(), progress.output());
  const std::vector<Prediction> predictions =
      predict_all(runs, library, [&](std::size_t done) { meter.update(progress.now(), done); });
  meter.finish(progress.now());
  if (arguments.given("explain")) {
    const std::string id = arguments.text("explain");
    const auto found = std::find_if(predictions.begin(), predictions.end(),
                                    [&](const Prediction& prediction) { return prediction.row.id == id; });
    if (found == predictions.end()) throw UsageError(file + " has no row \"" + id + "\"");
    emit(arguments, explain_report(*found));
    return 0;
  }
  const std::vector<CrossValidation> crosses =
      arguments.flag("cross-validate") ? cross_validate(runs, library) : std::vector<CrossValidation>{};
  const std::string format = arguments.text("format");
  if (format == "json") {
    emit_bytes(arguments, runs_json(predictions, crosses));
  } else {
    emit(arguments, runs_report(predictions, crosses, format == "csv" || arguments.flag("rows")));
  }
  return 0;
}

int validate_collective_times(const Arguments& arguments) {
  arguments.refuse({"rows", "explain", "cross-validate", "gpu", "histories", "seed"});
  if (arguments.positional().size() > 1) {
    throw UsageError("traincast validate collectives has no use for \"" + arguments.positional()[1] +
                     "\"; its files go to --fit and --predict");
  }
  if (!arguments.given("fit") || !arguments.given("predict")) {
    throw UsageError("traincast validate collectives needs --fit FILE.csv and --predict FILE.csv");
  }
  const auto fit = read_collective_points(CsvTable::from_file(arguments.text("fit")));
  const auto predict = read_collective_points(CsvTable::from_file(arguments.text("predict")));
  emit(arguments, collectives_report(validate_collectives(fit, predict)));
  return 0;
}

int validate_kernel_times(const Arguments& arguments) {
  arguments.refuse({"rows", "explain", "cross-validate", "fit", "predict", "histories", "seed"});
  const std::string file = one_file(arguments, "kernels");
  const Gpu gpu = load_gpu(open_configs(arguments), arguments.text("gpu"));
  emit(arguments,
       kernels_report(validate_kernels(read_kernel_csv(CsvTable::from_file(file)), gpu), gpu.name));
  return 0;
}

int validate_known_reliability(const Arguments& arguments) {
  arguments.refuse({"rows", "explain", "cross-validate", "fit", "predict", "gpu"});
  const ConfigStore store = open_configs(arguments);
  const std::filesystem::path file = arguments.positional().size() > 1
                                         ? std::filesystem::path(arguments.positional()[1])
                                         : store.root() / "published" / "reliability.json";
  Calibrator calibrator(store, std::nullopt);
  emit(arguments, known_reliability_report(check_reliability(
                      read_known_reliability(Reader::from_file(file), store), calibrator, store,
                      arguments.count("histories", 0, 1'000'000), chosen_seed(arguments))));
  return 0;
}

int run_validate(const Arguments& arguments) {
  const std::string& kind = arguments.positional()[0];
  if (kind != "configs") arguments.refuse({"kind"});
  if (kind == "configs") {
    arguments.refuse({"rows", "explain", "cross-validate", "fit", "predict", "gpu", "histories", "seed"});
    return validate_configs(arguments);
  }
  if (arguments.positional().size() > 2) {
    throw UsageError("traincast validate " + kind + " takes at most one file; got " +
                     std::to_string(arguments.positional().size() - 1));
  }
  if (kind == "runs") return validate_runs(arguments);
  if (kind == "collectives") return validate_collective_times(arguments);
  if (kind == "kernels") return validate_kernel_times(arguments);
  if (kind == "reliability") return validate_known_reliability(arguments);
  throw UsageError("unknown validation \"" + kind + "\"; accepted: runs collectives kernels reliability " +
                   "configs");
}

}  // namespace

extern const CommandSpec kValidateCommand;
const CommandSpec kValidateCommand{
    .name = "validate",
    .summary = "predict published measurements and show the errors",
    .details =
        "validate runs FILE.csv             training runs: the columns of configs/published/runs.csv, of "
        "vTrain or of SimuMax\n"
        "validate collectives --fit A.csv --predict B.csv\n"
        "                                   nccl-tests times: calibrates the fabric on A, predicts B, beside "
        "two baselines\n"
        "validate kernels FILE.csv --gpu G  kernel times: error on points left out, beside two baselines\n"
        "validate reliability [FILE.json]   interruptions and effective time of finished runs: the form of "
        "configs/published/reliability.json\n"
        "validate configs [FILE|DIR...]     whether files of any number and kind are accepted, with what "
        "they refer "
        "to; the kind is told by the folder (gpus, models, runs, ...) or --kind; exit 2 where one is "
        "refused\n"
        "Errors of the first three are ln(predicted / measured).",
    .example = "traincast validate runs configs/published/runs.csv --cross-validate",
    .options = {{"rows", "", "runs: one line a row in text and Markdown, too (JSON and CSV always have them)",
                 ""},
                {"explain", "ID", "runs: the predicted breakdown of one row", ""},
                {"cross-validate", "", "runs: errors of stacks fitted without the rows they predict", ""},
                {"fit", "FILE", "collectives: the points to calibrate on", ""},
                {"predict", "FILE", "collectives: the points to predict", ""},
                {"gpu", "NAME", "kernels: the GPU that the points were timed on", "h100-sxm"},
                {"histories", "N", "reliability: histories of each row, for P10 and P90", "200"},
                {"seed", "S", "reliability: of the histories", "1"},
                {"kind", "KIND", "configs: what the files are, where their folder does not tell", ""}},
    .positional = {"WHAT",
                   "runs FILE.csv, collectives, kernels FILE.csv, reliability or configs",
                   1,
                   1'000'000,
                   {"runs", "collectives", "kernels", "reliability", "configs"}},
    .ranks = Ranks::one,
    .run = run_validate};

}  // namespace traincast
