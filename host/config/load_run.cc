#include <algorithm>
#include <utility>

#include "host/base/errors.h"
#include "host/config/check_plan.h"
#include "host/config/load.h"
#include "host/config/load_parts.h"
#include "host/config/load_site.h"
#include "host/config/reader.h"

namespace traincast {
namespace {

std::optional<double> number_if(Reader& reader, std::string_view key, double min, double max = kMaxNumber) {
  if (!reader.has(key)) return std::nullopt;
  return reader.number(key, min, max);
}

void check_order(const Reader& reader, std::string_view low_key, std::optional<double> low,
                 std::optional<double> high) {
  if (low && high && *low > *high) reader.fail(low_key, "the low figure is above the high one");
}

PublishedFigures read_published(Reader reader) {
  PublishedFigures figures;
  const auto days = [&](std::string_view key) -> std::optional<double> {
    if (!reader.has(key)) return std::nullopt;
    return reader.quantity<Seconds>(key).value() / kSecondsPerDay;
  };
  figures.days_low = days("days_low");
  figures.days_high = days("days_high");
  check_order(reader, "days_low", figures.days_low, figures.days_high);
  figures.mfu_low = number_if(reader, "mfu_low", 0.001, 1);
  figures.mfu_high = number_if(reader, "mfu_high", 0.001, 1);
  check_order(reader, "mfu_low", figures.mfu_low, figures.mfu_high);
  figures.gpu_hours = number_if(reader, "gpu_hours", 1, 1e15);
  if (reader.has("flops")) figures.flops = reader.quantity<Flops>("flops").value();
  figures.tflops_per_gpu = number_if(reader, "tflops_per_gpu", 0.001, 1e6);
  figures.full_attention = reader.boolean_or("full_attention", false);
  figures.measured = reader.boolean("measured");
  figures.from = reader.provenance();
  return figures;
}

// Takes the run's GPUs from the fleets in order.
void cut_fleets(Cluster& cluster, std::int64_t gpus) {
  std::vector<Fleet> used;
  for (const Fleet& fleet : cluster.fleets) {
    const std::int64_t taken = std::min(gpus, fleet.gpus);
    if (taken > 0) used.push_back({fleet.gpu, taken});
    gpus -= taken;
  }
  cluster.fleets = std::move(used);
}

// A precision needs GPUs with its format.
void check_precision(const ConfigStore& store, const Run& run, const Plan& plan,
                     const std::string& plan_file) {
  const bool needs_fp8 = plan.precision == Precision::fp8 || plan.precision == Precision::mxfp8;
  const bool needs_fp4 = plan.precision == Precision::nvfp4;
  for (const Fleet& fleet : run.cluster.fleets) {
    const Gpu gpu = load_gpu(store, fleet.gpu);
    const DataType type = needs_fp4 ? DataType::fp4 : DataType::fp8_e4m3;
    if ((needs_fp8 || needs_fp4) && gpu.peak(type).value() == 0) {
      throw ConfigError(plan_file + "#/precision: \"" + std::string(name(plan.precision)) +
                        "\", but the GPU " + fleet.gpu + " states no peak for " + std::string(name(type)));
    }
  }
}

void check_timeline(const Reader& root, const Run& run) {
  if (!run.cluster.timeline) return;
  const std::string cluster = "the cluster " + run.cluster.name + " changes by date";
  if (!run.start) root.fail("start", "missing, and " + cluster + "; accepted: a day such as 2024-09-02");
  const std::vector<InstalledFleets>& installed = run.cluster.timeline->installed;
  if (!installed.empty() && *run.start < installed.front().from) {
    root.fail("start", to_string(*run.start) + ", but " + cluster + ", and nothing stands there before " +
                           to_string(installed.front().from));
  }
}

// Lower clocks need to be known to save power.
void check_clocks(const ConfigStore& store, const Cluster& cluster, const std::string& cluster_file) {
  const bool limited = cluster.power.supply || (cluster.timeline && !cluster.timeline->sources.empty());
  if (!limited || cluster.power.cap_by != CapBy::clocks) return;
  for (const Fleet& fleet : cluster.fleets) {
    if (load_gpu(store, fleet.gpu).power.clocked) continue;
    throw ConfigError(cluster_file + "#/power/cap_by: \"clocks\", but the GPU " + fleet.gpu +
                      " does not state what lower clocks save (power/clocked)");
  }
}

}  // namespace

Run load_run(const ConfigStore& store, std::string_view name_or_path) {
  const std::filesystem::path file = store.path(ConfigKind::runs, name_or_path);
  Reader root = store.read(ConfigKind::runs, file);
  Run run;
  run.name = file.stem().string();
  run.from = root.provenance();
  run.title = root.text("title");
  const std::string model = reference(root, "model", store, ConfigKind::models);
  const std::string cluster = reference(root, "cluster", store, ConfigKind::clusters);
  const std::string plan = reference(root, "plan", store, ConfigKind::plans);
  const std::int64_t gpus = root.count_or("gpus", 0, 1);
  run.tokens = root.quantity<Tokens>("tokens");
  const std::vector<StatedPart> parts = read_parts(root, store);
  if (root.has("start")) run.start = read_date(root, "start");
  run.assumptions = root.texts_or_none("assumptions");
  // Read by those who estimate how uncertain the run is (host/risk).
  if (root.has("uncertainty")) reference(root, "uncertainty", store, ConfigKind::uncertainty);
  if (auto published = root.object_if("published")) run.published = read_published(*published);
  root.finish();

  run.model = load_transformer(store, model);
  run.cluster = load_cluster(store, cluster);
  run.plan = load_plan(store, plan);
  run.stack = load_stack(store, run.plan.stack);
  if (gpus > run.cluster.gpus()) {
    root.fail("gpus", "the run takes " + std::to_string(gpus) + " GPUs, but the cluster " + cluster +
                          " has " + std::to_string(run.cluster.gpus()));
  }
  if (gpus > 0) cut_fleets(run.cluster, gpus);
  const std::string plan_file = store.path(ConfigKind::plans, plan).string();
  if (const auto problem = plan_problem(run.plan, run.model, run.cluster.gpus())) {
    throw ConfigError(plan_file + "#/" + problem->key + ": " + problem->what);
  }
  check_precision(store, run, run.plan, plan_file);
  add_parts(run, root, parts, store);
  for (const StatedPart& part : parts) {
    if (part.plan.empty()) continue;
    check_precision(store, run, load_plan(store, part.plan),
                    store.path(ConfigKind::plans, part.plan).string());
  }
  check_timeline(root, run);
  check_clocks(store, run.cluster, store.path(ConfigKind::clusters, cluster).string());
  const double step_tokens =
      static_cast<double>(run.plan.global_batch) * static_cast<double>(run.model.sequence);
  if (parts.empty() && run.tokens.value() < step_tokens) {
    root.fail("tokens",
              to_string(run.tokens) + " is less than one step of " + to_string(Tokens(step_tokens)));
  }
  return run;
}

}  // namespace traincast
