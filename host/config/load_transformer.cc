#include <cmath>
#include <utility>

#include "host/config/json.h"
#include "host/config/load.h"
#include "host/config/read_parts.h"
#include "host/model/parameters.h"

namespace traincast {
namespace {

constexpr std::int64_t kMaxWidth = 10'000'000;
constexpr std::int64_t kMaxLayers = 100'000;

void read_router_groups(Reader& reader, MixtureOfExperts& moe) {
  moe.router_groups = reader.count_or("router_groups", 0, 0, moe.experts);
  moe.router_group_top_k = reader.count_or("router_group_top_k", 0, 0, moe.router_groups);
  if (moe.router_groups == 0) return;
  if (moe.experts % moe.router_groups != 0) {
    reader.fail("router_groups", std::to_string(moe.router_groups) + " groups; accepted: a divisor of the " +
                                     std::to_string(moe.experts) + " experts");
  }
  const std::int64_t reached = moe.router_group_top_k * (moe.experts / moe.router_groups);
  if (reached < moe.top_k) {
    reader.fail("router_group_top_k", std::to_string(moe.router_group_top_k) + " groups hold " +
                                          std::to_string(reached) + " experts; accepted: at least top_k, " +
                                          std::to_string(moe.top_k));
  }
}

MixtureOfExperts read_moe(Reader reader, std::int64_t layers) {
  MixtureOfExperts moe;
  moe.experts = reader.count("experts", 1, kMaxWidth);
  moe.top_k = reader.count("top_k", 1, moe.experts);
  moe.ffn_hidden = reader.count("ffn_hidden", 1, kMaxWidth);
  moe.shared_experts = reader.count_or("shared_experts", 0, 0, kMaxWidth);
  // Where only the number of shared experts is stated, each is as wide as a routed one.
  moe.shared_ffn_hidden =
      reader.count_or("shared_ffn_hidden", moe.shared_experts * moe.ffn_hidden, 0, kMaxWidth);
  moe.first_dense_layers = reader.count_or("first_dense_layers", 0, 0, layers);
  moe.every = reader.count_or("every", 1, 1, layers);
  if ((moe.shared_experts == 0) != (moe.shared_ffn_hidden == 0)) {
    reader.fail("shared_ffn_hidden", "shared_experts is " + std::to_string(moe.shared_experts) +
                                         " and shared_ffn_hidden " + std::to_string(moe.shared_ffn_hidden) +
                                         "; accepted: both zero or both not");
  }
  read_router_groups(reader, moe);
  return moe;
}

LatentAttention read_mla(Reader reader) {
  return {.q_rank = reader.count("q_rank", 0, kMaxWidth),
          .kv_rank = reader.count("kv_rank", 1, kMaxWidth),
          .nope_dim = reader.count("nope_dim", 1, kMaxWidth),
          .rope_dim = reader.count("rope_dim", 0, kMaxWidth),
          .value_dim = reader.count("value_dim", 1, kMaxWidth)};
}

void check_stated(const Reader& root, std::string_view key, double stated, double computed,
                  double tolerance) {
  if (stated == 0 || std::abs(computed - stated) <= tolerance * stated) return;
  root.fail(key, "stated " + shortest(stated) + ", but the shape has " + shortest(std::round(computed)) +
                     "; accepted: a difference up to " + shortest(tolerance * 100) + " %");
}

}  // namespace

Transformer load_transformer(const ConfigStore& store, std::string_view name_or_path) {
  const std::filesystem::path file = store.path(ConfigKind::models, name_or_path);
  return read_transformer(store.read(ConfigKind::models, file), file.stem().string());
}

Transformer read_transformer(Reader root, std::string name) {
  Transformer model;
  model.name = std::move(name);
  model.from = root.provenance();
  model.layers = root.count("layers", 1, kMaxLayers);
  model.hidden = root.count("hidden", 1, kMaxWidth);
  model.ffn_hidden = root.count("ffn_hidden", 1, kMaxWidth);
  model.heads = root.count("heads", 1, kMaxWidth);
  model.kv_heads = root.count("kv_heads", 1, model.heads);
  model.head_dim = root.count("head_dim", 1, kMaxWidth);
  model.vocab = root.count("vocab", 1, kMaxWidth);
  model.sequence = root.count("sequence", 1, kMaxCount);
  model.gated_ffn = root.boolean_or("gated_ffn", true);
  model.tied_embeddings = root.boolean_or("tied_embeddings", false);
  model.learned_positions = root.boolean_or("learned_positions", false);
  model.bias = root.boolean_or("bias", false);
  model.causal = root.boolean_or("causal", true);
  model.parallel_block = root.boolean_or("parallel_block", false);
  model.sliding_window = root.count_or("sliding_window", 0, 0);
  model.global_every = root.count_or("global_every", 0, 0, model.layers);
  model.mtp_layers = root.count_or("mtp_layers", 0, 0, kMaxLayers);
  if (auto moe = root.object_if("moe")) model.moe = read_moe(*moe, model.layers);
  if (auto mla = root.object_if("mla")) model.mla = read_mla(*mla);
  model.stated_parameters = root.number_or("parameters", 0, 1);
  model.stated_active_parameters = root.number_or("active_parameters", 0, 1);
  root.finish();
  if (model.heads % model.kv_heads != 0) {
    root.fail("kv_heads", "heads " + std::to_string(model.heads) + " is no multiple of kv_heads " +
                              std::to_string(model.kv_heads));
  }
  if (model.global_every > 0 && model.sliding_window == 0) {
    root.fail("global_every",
              "without sliding_window every layer has full attention; accepted: both or none");
  }
  check_stated(root, "parameters", model.stated_parameters, parameters(model), 0.01);
  check_stated(root, "active_parameters", model.stated_active_parameters, active_parameters(model), 0.05);
  return model;
}

}  // namespace traincast
