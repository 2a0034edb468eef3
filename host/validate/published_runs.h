// Published training runs: the column layouts that `traincast validate runs` reads, and what a row becomes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/base/csv.h"
#include "host/base/units.h"
#include "host/model/plan.h"
#include "host/model/transformer.h"

namespace traincast {

// One row, with every setting that the source left out filled in by a stated rule.
struct PublishedRun {
  std::string id, family, cluster, stack, gpu_label, model_name, precision_label;
  std::int64_t gpus = 0, gpus_per_node = 8;
  std::optional<Bandwidth> nic_per_gpu;
  Transformer model;
  Plan plan;                   // plan.stack is the row's stack
  int year = 0;                // 0: not stated
  bool hybrid = false;         // state-space mixers beside attention: a rough prediction, not scored
  bool mapping_stated = true;  // tensor or pipeline parallelism
  bool zero_stated = true;
  bool virtual_stages_stated = true;
  bool expert_tensor_stated = true;
  bool recompute_stated = true;
  bool scored = true;  // grade A or B and primary
  bool core = false;
  std::optional<Seconds> measured;  // of one step
  std::optional<Bytes> measured_memory;
  std::string measured_from;  // which columns
  std::vector<std::string> assumptions;
  std::string reason;  // why it cannot be expressed; "" when it can
};

enum class RunLayout { published, vtrain, simumax };

// Throws ConfigError where the file has none of the layouts or a malformed number.
RunLayout layout_of(const CsvTable& table);

// Details that no column carries (latent attention, dense-first layers, sliding windows, ...) come from the
// model of `known` that has the same hidden size, heads, key-value heads, experts and expert width.
std::vector<PublishedRun> read_published_runs(const CsvTable& table, const std::vector<Transformer>& known);

}  // namespace traincast
