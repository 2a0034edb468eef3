// Tables and what other projects' tools write.
#include <cmath>

#include "host/base/csv.h"
#include "host/base/errors.h"
#include "host/calibrate/kernel_csv.h"
#include "host/config/load_profile.h"
#include "host/import/bandwidth_tests.h"
#include "host/import/hugging_face.h"
#include "host/import/megatron.h"
#include "host/model/parameters.h"
#include "host/validate/published_runs.h"
#include "tests/fuzz/targets.h"

namespace traincast::fuzz {
namespace {

void require_rows(const BandwidthTest& test) {
  require(!test.rows.empty(), "an accepted test has rows");
  for (const CollectiveRow& row : test.rows) {
    require(row.ranks >= 2 && row.nodes >= 1, "ranks and nodes");
    require(std::isfinite(row.timing.median.value()) && row.timing.median.value() >= 0, "a time");
    require(std::isfinite(row.message.value()) && row.message.value() > 0, "a message");
  }
  // As the import command writes them, and every other command reads them.
  Profile profile;
  profile.gpu = "h100-sxm";
  profile.when = test.when;
  profile.device.name = test.device;
  profile.hosts = test.hosts;
  profile.libraries.emplace_back("NCCL", test.nccl_version);
  profile.from = {Origin::measured, "a test"};
  profile.collectives = test.rows;
  try {
    parse_profile(profile_text(profile), "x.json");
  } catch (const ConfigError& error) {
    require(false, error.what());
  }
}

}  // namespace

// "runs" or "kernels", then the table.
void read_published(std::string_view bytes) {
  const auto [word, text] = select(bytes);
  const CsvTable table = CsvTable::parse(text, "x.csv");
  if (word == "kernels") {
    read_kernel_csv(table);
    return;
  }
  for (const PublishedRun& run : read_published_runs(table, {})) {
    if (!run.reason.empty()) continue;
    require(run.plan.gpus() == run.gpus, "the plan of an accepted row has the row's GPUs");
    require(run.model.layers > 0 && run.model.hidden > 0, "an accepted row has a model");
  }
}

void import_hf(std::string_view bytes) {
  const ImportedModel read = import_hugging_face(bytes, "config.json", {});
  const double count = parameters(read.model);
  require(std::isfinite(count) && count > 0, "parameters of an imported model");
}

void import_training(std::string_view bytes) {
  const ImportedTraining read =
      import_megatron(parse_megatron_arguments(bytes), "x.sh", {.gpus = 0, .stack = "base"});
  require(read.model.layers > 0 && read.model.kv_heads > 0, "an imported model");
  require(read.plan.gpus() > 0 && read.plan.virtual_stages > 0, "an imported plan");
  require(!read.model.moe || read.model.moe->first_dense_layers >= 0, "dense layers");
}

// "nccl" or "osu", then what the tool printed.
void import_bandwidth(std::string_view bytes) {
  const auto [word, text] = select(bytes);
  if (word == "osu") {
    require_rows(import_osu(text, "x.txt", {.collective = "", .ranks = 16, .nodes = 2}));
  } else if (word == "nccl") {
    require_rows(import_nccl_tests(text, "x.txt", {}));
  } else {
    require_rows(import_nccl_tests(text, "x.txt", {.collective = "all_reduce", .ranks = 8, .nodes = 1}));
  }
}

}  // namespace traincast::fuzz
