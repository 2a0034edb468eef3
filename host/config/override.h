// Values of a run's configs set from outside: `--set cluster.reliability.restart=5min`, and `gpus=65536`.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/find.h"
#include "host/config/override_edit.h"
#include "host/model/run.h"

namespace traincast {

struct Override {
  std::string path;              // full ("cluster.reliability.restart") or as much of its end as is unique
  std::string value;             // as the config file would say it, less the quotes: "5 min", "0.92", "true"
  std::string option = "--set";  // for messages
};

// "PATH=VALUE". Throws UsageError.
Override parse_override(std::string_view text);
// As on the command line: "--set PATH=VALUE".
std::string typed_text(const Override& one);

// A plan with its batch, to be laid out by a sequence on the run's GPUs.
struct LaidOut {
  Plan plan;
  Transformer model;
};

// A run with values set, and a store that gives the same GPUs, stacks, ... to whoever loads more of them.
struct EditedRun {
  ConfigStore store;
  Run run;
};

// The configs of one run, each file read once, however many variations of the run are made.
// Paths begin with run, model, plan, cluster, stack or gpu (every GPU of the run; gpu.NAME: one of them),
// then follow the keys of the file: plan.micro_batch, cluster.network.tiers.1.latency, run.parts.0.tokens.
// What is set of a plan is set of every plan that a part of the run names. `gpus`
// alone is the number of GPUs of the run: it scales data_parallel, keeps tensor, pipeline and context
// parallelism and the global batch, and grows the cluster's last fleet where that has too few.
class RunConfigs {
 public:
  // Throws ConfigError as load_run does.
  RunConfigs(const ConfigStore& store, std::string run);

  const Run& run() const { return run_; }            // as the files say
  const std::string& file() const { return name_; }  // the name or path that was given
  // Every full path that may be set, sorted.
  const std::vector<std::string>& paths() const { return paths_; }
  // The full path. Throws UsageError for a path that names nothing (with near ones) or several (with all).
  std::string resolve(std::string_view path, std::string_view option = "--set") const;
  // Throws UsageError for paths, and ConfigError that begins with the option for values that are refused.
  EditedRun with(std::span<const Override> overrides) const;
  // What `gpus` may be set to beside the overrides (an override of gpus itself aside), ascending, up to
  // `most`.
  std::vector<std::int64_t> gpu_counts(std::span<const Override> overrides, std::int64_t most) const;

 private:
  // What decides how many GPUs a run takes.
  struct Layout {
    std::vector<LaidOut> plans;  // the run's, then those of its parts
    Cluster cluster;
  };
  Layout layout(const std::vector<Edit>& edits, const std::vector<std::string>& assumptions) const;
  std::vector<Edit> edits(std::span<const Override> overrides) const;
  void add_gpus(const Override& gpus, std::vector<Edit>& edits, std::vector<std::string>& assumptions) const;
  EditedRun load(const std::vector<Edit>& edits, std::vector<std::string> assumptions) const;

  ConfigStore store_;
  std::string name_;
  std::shared_ptr<ParsedFiles> files_;
  Run run_;
  std::vector<std::string> paths_;
};

}  // namespace traincast
