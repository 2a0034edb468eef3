// JSON, configs of every kind as their loaders read them, and profiles.
#include <cmath>
#include <functional>
#include <memory>
#include <utility>

#include "host/base/errors.h"
#include "host/claims/claim.h"
#include "host/claims/facts.h"
#include "host/config/json.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "host/config/load_reliability.h"
#include "host/config/override_edit.h"
#include "host/config/step_residuals.h"
#include "host/model/parameters.h"
#include "host/risk/published_reliability.h"
#include "host/risk/uncertainty_set.h"
#include "host/search/gates.h"
#include "tests/fuzz/targets.h"

namespace traincast::fuzz {
namespace {

// The shipped configs, but that the bytes stand for one of them.
class OneReplaced final : public ConfigSource {
 public:
  OneReplaced(std::shared_ptr<ParsedFiles> files, std::filesystem::path replaced, std::string_view text)
      : files_(std::move(files)), replaced_(std::move(replaced)), text_(text) {}
  Reader open(ConfigKind /*kind*/, const std::filesystem::path& file) override {
    return file == replaced_ ? Reader::from_text(text_, file.string())
                             : Reader::from_value(files_->get(file), file.string());
  }

 private:
  std::shared_ptr<ParsedFiles> files_;
  std::filesystem::path replaced_;
  std::string_view text_;
};

struct Loader {
  std::string_view word;
  ConfigKind kind;
  std::string_view name;  // of a shipped config
  void (*load)(const ConfigStore& store, std::string_view name);
};

constexpr Loader kLoaders[] = {
    {"gpu", ConfigKind::gpus, "h100-sxm", [](const auto& store, auto name) { load_gpu(store, name); }},
    {"cluster", ConfigKind::clusters, "dgx-h100-64",
     [](const auto& store, auto name) { load_cluster(store, name); }},
    {"model", ConfigKind::models, "llama-3-70b",
     [](const auto& store, auto name) {
       const Transformer model = load_transformer(store, name);
       require(std::isfinite(parameters(model)) && parameters(model) > 0, "parameters of an accepted model");
     }},
    {"plan", ConfigKind::plans, "llama-3-70b-64",
     [](const auto& store, auto name) { load_plan(store, name); }},
    {"stack", ConfigKind::stacks, "megatron-core-2024",
     [](const auto& store, auto name) { load_stack(store, name); }},
    {"run", ConfigKind::runs, "llama-3-70b-64", [](const auto& store, auto name) { load_run(store, name); }},
    {"reliability", ConfigKind::reliability, "llama-3",
     [](const auto& store, auto name) { load_reliability(store, name); }},
    {"communicators", ConfigKind::communicators, "nccl",
     [](const auto& store, auto name) { load_communicators(store, name); }},
    {"uncertainty", ConfigKind::uncertainty, "default",
     [](const auto& store, auto name) { load_uncertainty(store, name); }},
};

}  // namespace

void read_json(std::string_view bytes) {
  const JsonValue value = parse_json(bytes, "x.json");
  require(!describe(value).empty(), "a description");
  Reader root = Reader::from_text(bytes, "x.json");
  root.finish();
}

void read_config(std::string_view bytes) {
  static const ConfigStore kShipped(TRAINCAST_TEST_CONFIGS);
  static const auto kFiles = std::make_shared<ParsedFiles>();
  const auto [word, text] = select(bytes);
  if (word == "gates") {
    read_gates(Reader::from_text(text, "x.json"));
    return;
  }
  if (word == "claims") {
    read_claims(text, "x.json");
    return;
  }
  if (word == "facts") {
    read_facts(Reader::from_text(text, "x.json"), kShipped);
    return;
  }
  if (word == "published-residuals") {
    read_step_residuals(Reader::from_text(text, "x.json"));
    return;
  }
  if (word == "published-reliability") {
    const auto shipped = std::make_shared<OneReplaced>(kFiles, std::filesystem::path(), "");
    read_known_reliability(Reader::from_text(text, "x.json"), kShipped.with(shipped));
    return;
  }
  for (const Loader& loader : kLoaders) {
    if (loader.word != word) continue;
    const ConfigStore store =
        kShipped.with(std::make_shared<OneReplaced>(kFiles, kShipped.path(loader.kind, loader.name), text));
    loader.load(store, loader.name);
    return;
  }
  throw UsageError("no such kind of config");
}

// What is read is written and read again as it was.
void read_profile(std::string_view bytes) {
  const Profile profile = parse_profile(bytes, "x.json");
  const std::string written = profile_text(profile);
  require(profile_text(parse_profile(written, "x.json")) == written, "a profile reads back as written");
}

}  // namespace traincast::fuzz
