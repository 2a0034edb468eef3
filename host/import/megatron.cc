#include "host/import/megatron.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "host/base/errors.h"
#include "host/config/reader.h"
#include "host/import/limits.h"

namespace traincast {
namespace {

class Given {
 public:
  Given(const MegatronArguments& arguments, const std::string& file) : arguments_(arguments), file_(file) {}

  bool has(std::string_view key) const { return arguments_.find(key) != arguments_.end(); }
  bool flag(std::string_view key) const {
    const auto found = arguments_.find(key);
    return found != arguments_.end() && found->second != "false" && found->second != "False";
  }
  std::string text(std::string_view key) const {
    const auto found = arguments_.find(key);
    return found == arguments_.end() ? "" : found->second;
  }
  std::int64_t count_or(std::string_view key, std::int64_t fallback) const {
    const auto found = arguments_.find(key);
    if (found == arguments_.end() || found->second == "None") return fallback;
    const std::string& text = found->second;
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || value < 0 || value > kMaxCount) {
      fail(key, "\"" + text + "\"; accepted: a whole number from 0 to " + std::to_string(kMaxCount));
    }
    return value;
  }
  std::int64_t count(std::string_view key) const {
    if (!has(key)) fail(key, "missing; accepted: a whole number from 1");
    const std::int64_t value = count_or(key, 0);
    if (value == 0) fail(key, "0; accepted: a whole number from 1");
    return value;
  }
  // Four of them multiplied fit 64 bits.
  std::int64_t degree(std::string_view key) const {
    constexpr std::int64_t kMaxDegree = 10'000;
    const std::int64_t value = count_or(key, 1);
    if (value < 1 || value > kMaxDegree) {
      fail(key, std::to_string(value) + "; accepted: a whole number from 1 to " + std::to_string(kMaxDegree));
    }
    return value;
  }
  [[noreturn]] void fail(std::string_view key, const std::string& what) const {
    throw ConfigError(file_ + ": --" + std::string(key) + ": " + what);
  }

 private:
  const MegatronArguments& arguments_;
  const std::string& file_;
};

std::int64_t padded_vocabulary(const Given& given, std::vector<std::string>& notes) {
  const std::int64_t padded = given.count_or("padded-vocab-size", 0);
  if (padded > 0) return padded;
  std::int64_t vocabulary = given.count_or("vocab-size", 0);
  if (vocabulary == 0) {
    vocabulary = 50257;  // of GPT-2's BPE, which Megatron-LM's own examples take
    notes.emplace_back("No vocabulary size in the arguments: GPT-2's 50,257 assumed.");
  }
  const std::int64_t multiple =
      std::max<std::int64_t>(1, given.count_or("make-vocab-size-divisible-by", 128)) *
      given.degree("tensor-model-parallel-size");
  return (vocabulary + multiple - 1) / multiple * multiple;
}

// "1", or "([0]*3+[1]*58)" as Megatron-LM evaluates it: how many dense layers come first.
void add_layer_frequency(const Given& given, MixtureOfExperts& moe, std::int64_t layers) {
  std::string text = given.text("moe-layer-freq");
  std::erase_if(text, [](char c) { return c == ' ' || c == '(' || c == ')' || c == '\'' || c == '"'; });
  if (text.empty()) return;
  if (text.find('[') == std::string::npos) {
    moe.every = std::max<std::int64_t>(1, given.count_or("moe-layer-freq", 1));
    return;
  }
  std::int64_t dense = 0;
  std::int64_t sparse = 0;
  int read = 0;
  if (std::sscanf(text.c_str(), "[0]*%ld+[1]*%ld%n", &dense, &sparse, &read) == 2 &&
      read == static_cast<int>(text.size()) && dense >= 0 && dense <= layers && sparse == layers - dense) {
    moe.first_dense_layers = dense;
  } else if (!(std::sscanf(text.c_str(), "[1]*%ld%n", &sparse, &read) == 1 &&
               read == static_cast<int>(text.size()) && sparse == layers)) {
    given.fail("moe-layer-freq", "\"" + given.text("moe-layer-freq") +
                                     "\"; accepted: a whole number, [1]*LAYERS or [0]*DENSE+[1]*SPARSE");
  }
}

void add_experts(const Given& given, Transformer& model) {
  const std::int64_t experts = given.count_or("num-experts", given.count_or("num-moe-experts", 0));
  if (experts == 0) return;
  MixtureOfExperts moe{.experts = experts,
                       .top_k = given.count_or("moe-router-topk", 2),
                       .ffn_hidden = given.count_or("moe-ffn-hidden-size", model.ffn_hidden)};
  moe.shared_ffn_hidden = given.count_or("moe-shared-expert-intermediate-size", 0);
  moe.shared_experts = moe.shared_ffn_hidden > 0 ? 1 : 0;
  add_layer_frequency(given, moe, model.layers);
  if (moe.top_k < 1 || moe.top_k > experts) {
    given.fail("moe-router-topk",
               std::to_string(moe.top_k) + "; accepted: 1 to the " + std::to_string(experts) + " experts");
  }
  model.moe = moe;
}

void add_attention(const Given& given, Transformer& model) {
  model.heads = given.count("num-attention-heads");
  model.kv_heads = model.heads;
  if (given.flag("group-query-attention") || given.has("num-query-groups")) {
    model.kv_heads =
        given.count_or("num-query-groups", given.flag("group-query-attention") ? 1 : model.heads);
  }
  if (model.kv_heads == 0 || model.heads % model.kv_heads != 0) {
    given.fail("num-query-groups", std::to_string(model.kv_heads) + " does not divide the " +
                                       std::to_string(model.heads) + " attention heads");
  }
  model.head_dim = given.count_or("kv-channels", 0);
  if (model.head_dim == 0) {
    if (model.hidden % model.heads != 0)
      given.fail("kv-channels", "missing, and the heads do not divide --hidden-size");
    model.head_dim = model.hidden / model.heads;
  }
  if (given.flag("multi-latent-attention")) {
    model.kv_heads = model.heads;
    model.mla = LatentAttention{.q_rank = given.count_or("q-lora-rank", 0),
                                .kv_rank = given.count("kv-lora-rank"),
                                .nope_dim = given.count("qk-head-dim"),
                                .rope_dim = given.count("qk-pos-emb-head-dim"),
                                .value_dim = given.count("v-head-dim")};
    model.head_dim = model.mla->nope_dim + model.mla->rope_dim;
  }
}

Transformer read_model(const Given& given, std::vector<std::string>& notes) {
  Transformer model;
  model.layers = given.count("num-layers");
  if (model.layers > kMaxImportedLayers) {
    given.fail("num-layers", std::to_string(model.layers) + "; accepted: a whole number from 1 to " +
                                 std::to_string(kMaxImportedLayers));
  }
  model.hidden = given.count("hidden-size");
  add_attention(given, model);
  model.gated_ffn = given.flag("swiglu") || given.text("activation").find("swiglu") != std::string::npos;
  // Megatron-LM's own default: 4 h, or 2/3 of it, rounded to 64, where the FFN is gated.
  const std::int64_t usual = model.gated_ffn ? model.hidden * 4 * 2 / 3 / 64 * 64 : 4 * model.hidden;
  model.ffn_hidden = given.count_or("ffn-hidden-size", usual);
  model.vocab = padded_vocabulary(given, notes);
  model.sequence = given.has("seq-length") ? given.count("seq-length") : given.count("encoder-seq-length");
  model.tied_embeddings = !given.flag("untie-embeddings-and-output-weights");
  if (given.has("share-embeddings-and-output-weights")) {
    model.tied_embeddings = given.flag("share-embeddings-and-output-weights");
  }
  const std::string positions = given.text("position-embedding-type");
  model.learned_positions =
      !given.flag("use-rotary-position-embeddings") && (positions.empty() || positions == "learned_absolute");
  model.bias = !given.flag("disable-bias-linear");
  if (given.has("bias")) model.bias = given.flag("bias");  // NeMo's key
  model.mtp_layers = given.count_or("mtp-num-layers", 0);
  add_experts(given, model);
  return model;
}

void add_recompute(const Given& given, Plan& plan, std::int64_t layers) {
  std::string granularity = given.text("recompute-granularity");
  if (granularity.empty()) granularity = given.text("activations-checkpoint-granularity");
  if (given.flag("recompute-activations")) granularity = "selective";
  if (granularity == "full") {
    plan.recompute = Recompute::full;
    const std::int64_t chunk = layers / (plan.pipeline_parallel * plan.virtual_stages);
    const std::int64_t some = given.count_or("recompute-num-layers", 0);
    if (given.text("recompute-method") == "block" && some > 0 && chunk > some) {
      plan.recompute_share = static_cast<double>(some) / static_cast<double>(chunk);
    }
  } else if (granularity == "selective") {
    plan.recompute = Recompute::selective;
  }
}

std::int64_t virtual_stages(const Given& given, const Transformer& model, const Plan& plan) {
  const std::int64_t stated = given.count_or("num-virtual-stages-per-pipeline-rank",
                                             given.count_or("virtual-pipeline-model-parallel-size", 0));
  if (stated > 0) return stated;
  const std::int64_t layers = given.count_or("num-layers-per-virtual-pipeline-stage", 0);
  if (layers == 0) return 1;
  const std::int64_t a_rank = model.layers / plan.pipeline_parallel;
  if (a_rank == 0 || a_rank % layers != 0) {
    given.fail("num-layers-per-virtual-pipeline-stage", std::to_string(layers) + " does not divide the " +
                                                            std::to_string(a_rank) +
                                                            " layers of a pipeline rank");
  }
  return a_rank / layers;
}

Plan read_plan(const Given& given, const Transformer& model, const MegatronOptions& options,
               std::vector<std::string>& notes) {
  Plan plan;
  plan.stack = options.stack;
  plan.tensor_parallel = given.degree("tensor-model-parallel-size");
  plan.pipeline_parallel = given.degree("pipeline-model-parallel-size");
  plan.context_parallel = given.degree("context-parallel-size");
  plan.expert_parallel = given.degree("expert-model-parallel-size");
  plan.expert_tensor_parallel = given.has("expert-tensor-parallel-size")
                                    ? given.degree("expert-tensor-parallel-size")
                                : model.moe ? plan.tensor_parallel
                                            : 1;
  plan.virtual_stages = virtual_stages(given, model, plan);
  plan.schedule = plan.virtual_stages > 1 ? Schedule::interleaved : Schedule::one_f_one_b;
  plan.micro_batch = given.degree("micro-batch-size");
  plan.sequence_parallel = given.flag("sequence-parallel");
  plan.zero_stage =
      given.flag("use-distributed-optimizer") || given.text("name") == "distributed_fused_adam" ? 1 : 0;
  if (given.has("fp8-format") || given.has("fp8") || given.has("fp8-hybrid")) {
    plan.precision = given.text("fp8-recipe") == "mxfp8" ? Precision::mxfp8 : Precision::fp8;
  } else {
    plan.precision = given.flag("fp16") ? Precision::fp16 : Precision::bf16;
  }
  if (plan.virtual_stages > model.layers) {
    given.fail("num-virtual-stages-per-pipeline-rank", std::to_string(plan.virtual_stages) +
                                                           "; accepted: no more than the " +
                                                           std::to_string(model.layers) + " layers");
  }
  const std::int64_t replica = plan.tensor_parallel * plan.pipeline_parallel * plan.context_parallel;
  std::int64_t gpus = options.gpus;
  if (gpus == 0) {
    const std::int64_t nodes = given.count_or("nnodes", given.count_or("num-nodes", 0));
    const std::int64_t each = given.count_or("nproc-per-node", given.count_or("devices", 0));
    gpus = nodes * each > 0 ? nodes * each : replica * plan.expert_parallel;
    if (nodes * each == 0) {
      notes.push_back("The number of GPUs is not in the arguments: " + std::to_string(gpus) +
                      " taken; --gpus says otherwise.");
    }
  }
  if (gpus % replica != 0) {
    given.fail("tensor-model-parallel-size", "one replica takes " + std::to_string(replica) +
                                                 " GPUs, which does not divide " + std::to_string(gpus) +
                                                 "; accepted: --gpus a multiple of it");
  }
  plan.data_parallel = gpus / replica;
  if (plan.data_parallel > kMaxCount) {
    given.fail("nnodes", std::to_string(gpus) + " GPUs; accepted: up to " + std::to_string(kMaxCount) +
                             " replicas of the model");
  }
  plan.global_batch = given.count_or("global-batch-size", plan.micro_batch * plan.data_parallel);
  add_recompute(given, plan, model.layers);
  return plan;
}

}  // namespace

ImportedTraining import_megatron(const MegatronArguments& arguments, const std::string& file,
                                 const MegatronOptions& options) {
  const Given given(arguments, file);
  ImportedTraining out;
  out.model = read_model(given, out.notes);
  out.plan = read_plan(given, out.model, options, out.notes);
  return out;
}

}  // namespace traincast
