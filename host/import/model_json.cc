#include "host/import/model_json.h"

#include <string_view>

#include "host/config/json.h"

namespace traincast {
namespace {

// An object, one member a line.
class Object {
 public:
  explicit Object(int depth) : indent_(static_cast<std::size_t>(depth) * 2, ' ') {}
  Object& raw(std::string_view key, const std::string& json) {
    body_ += body_.empty() ? "{\n" : ",\n";
    body_ += indent_ + "  " + json_quote(key) + ": " + json;
    return *this;
  }
  Object& text(std::string_view key, std::string_view value) { return raw(key, json_quote(value)); }
  Object& count(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
  Object& count_unless(std::string_view key, std::int64_t value, std::int64_t usual) {
    return value == usual ? *this : count(key, value);
  }
  Object& flag_unless(std::string_view key, bool value, bool usual) {
    return value == usual ? *this : raw(key, value ? "true" : "false");
  }
  Object& number_unless(std::string_view key, double value, double usual) {
    return value == usual ? *this : raw(key, shortest(value));
  }
  Object& notes(const std::vector<std::string>& lines) {
    if (lines.empty()) return *this;
    std::string list;
    for (const std::string& line : lines) {
      list += (list.empty() ? "[\n" : ",\n") + indent_ + "    " + json_quote(line);
    }
    return raw("notes", list + "\n" + indent_ + "  ]");
  }
  std::string str() const { return body_ + "\n" + indent_ + "}"; }

 private:
  std::string indent_;
  std::string body_;
};

std::string moe_json(const MixtureOfExperts& moe) {
  Object object(1);
  object.count("experts", moe.experts).count("top_k", moe.top_k).count("ffn_hidden", moe.ffn_hidden);
  object.count_unless("shared_experts", moe.shared_experts, 0);
  object.count_unless("shared_ffn_hidden", moe.shared_ffn_hidden, moe.shared_experts * moe.ffn_hidden);
  object.count_unless("first_dense_layers", moe.first_dense_layers, 0).count_unless("every", moe.every, 1);
  object.count_unless("router_groups", moe.router_groups, 0);
  object.count_unless("router_group_top_k", moe.router_group_top_k, 0);
  return object.str();
}

std::string mla_json(const LatentAttention& mla) {
  Object object(1);
  object.count("q_rank", mla.q_rank).count("kv_rank", mla.kv_rank).count("nope_dim", mla.nope_dim);
  object.count("rope_dim", mla.rope_dim).count("value_dim", mla.value_dim);
  return object.str();
}

}  // namespace

std::string model_json(const Transformer& model, const std::vector<std::string>& notes) {
  Object object(0);
  object.text("origin", name(model.from.origin)).text("source", model.from.source).notes(notes);
  object.count("layers", model.layers).count("hidden", model.hidden).count("ffn_hidden", model.ffn_hidden);
  object.count("heads", model.heads).count("kv_heads", model.kv_heads).count("head_dim", model.head_dim);
  object.count("vocab", model.vocab).count("sequence", model.sequence);
  object.flag_unless("gated_ffn", model.gated_ffn, true)
      .flag_unless("tied_embeddings", model.tied_embeddings, false);
  object.flag_unless("learned_positions", model.learned_positions, false)
      .flag_unless("bias", model.bias, false);
  object.flag_unless("causal", model.causal, true).flag_unless("parallel_block", model.parallel_block, false);
  object.count_unless("sliding_window", model.sliding_window, 0);
  object.count_unless("global_every", model.global_every, 0).count_unless("mtp_layers", model.mtp_layers, 0);
  if (model.moe) object.raw("moe", moe_json(*model.moe));
  if (model.mla) object.raw("mla", mla_json(*model.mla));
  object.number_unless("parameters", model.stated_parameters, 0);
  object.number_unless("active_parameters", model.stated_active_parameters, 0);
  return object.str() + "\n";
}

std::string plan_json(const Plan& plan, const std::vector<std::string>& notes) {
  Object object(0);
  object.text("origin", name(plan.from.origin)).text("source", plan.from.source).notes(notes);
  object.count("tensor_parallel", plan.tensor_parallel).count("pipeline_parallel", plan.pipeline_parallel);
  object.count_unless("virtual_stages", plan.virtual_stages, 1);
  object.count_unless("context_parallel", plan.context_parallel, 1)
      .count("data_parallel", plan.data_parallel);
  object.count_unless("expert_parallel", plan.expert_parallel, 1);
  object.count_unless("expert_tensor_parallel", plan.expert_tensor_parallel, 1);
  object.count("zero_stage", plan.zero_stage).count_unless("shard_ranks", plan.shard_ranks, 0);
  object.count("micro_batch", plan.micro_batch).count("global_batch", plan.global_batch);
  object.text("precision", name(plan.precision)).text("recompute", name(plan.recompute));
  object.number_unless("recompute_share", plan.recompute_share, 1).text("schedule", name(plan.schedule));
  object.flag_unless("sequence_parallel", plan.sequence_parallel, true).text("stack", plan.stack);
  return object.str() + "\n";
}

}  // namespace traincast
