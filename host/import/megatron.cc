#include "host/import/megatron.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "host/config/reader.h"
#include "host/import/limits.h"
#include "host/import/megatron_given.h"
#include "host/import/megatron_plan.h"
#include "host/import/test_lines.h"

namespace traincast {
namespace {

std::int64_t padded_vocabulary(const Given& given, const MegatronOptions& options,
                               std::vector<std::string>& notes) {
  const std::int64_t padded = given.count_or({"padded-vocab-size"}, 0);
  if (padded > 0) return padded;
  std::int64_t vocabulary = options.vocab > 0 ? options.vocab : given.count_or({"vocab-size"}, 0);
  if (vocabulary == 0) {
    vocabulary = 50257;  // of GPT-2's BPE, which Megatron-LM's own examples take
    notes.emplace_back(
        "No vocabulary size in the arguments: GPT-2's 50,257 assumed; --vocab says otherwise.");
  }
  const std::int64_t multiple =
      std::max<std::int64_t>(1, given.count_or({"make-vocab-size-divisible-by"}, 128)) *
      given.degree({"tensor-model-parallel-size"});
  return (vocabulary + multiple - 1) / multiple * multiple;
}

// "1", or "([0]*3+[1]*58)" as Megatron-LM evaluates it: how many dense layers come first.
void add_layer_frequency(const Given& given, MixtureOfExperts& moe, std::int64_t layers) {
  std::string text = given.text("moe-layer-freq");
  std::erase_if(text, [](char c) { return c == ' ' || c == '(' || c == ')' || c == '\'' || c == '"'; });
  if (text.empty()) return;
  if (text.find('[') == std::string::npos) {
    moe.every = std::max<std::int64_t>(1, given.count_or({"moe-layer-freq"}, 1));
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
  const std::int64_t experts = given.count_or({"num-experts", "num-moe-experts"}, 0);
  if (experts == 0) return;
  MixtureOfExperts moe{.experts = experts,
                       .top_k = given.count_or({"moe-router-topk"}, 2),
                       .ffn_hidden = given.count_or({"moe-ffn-hidden-size"}, model.ffn_hidden)};
  moe.shared_ffn_hidden = given.count_or({"moe-shared-expert-intermediate-size"}, 0);
  moe.shared_experts = moe.shared_ffn_hidden > 0 ? 1 : 0;
  add_layer_frequency(given, moe, model.layers);
  if (const std::int64_t groups = given.count_or({"moe-router-num-groups"}, 1); groups > 1) {
    moe.router_groups = groups;
    moe.router_group_top_k = given.count({"moe-router-group-topk"});
  }
  if (moe.top_k < 1 || moe.top_k > experts) {
    given.fail("moe-router-topk",
               std::to_string(moe.top_k) + "; accepted: 1 to the " + std::to_string(experts) + " experts");
  }
  model.moe = moe;
}

void add_attention(const Given& given, Transformer& model, std::vector<std::string>& notes) {
  model.heads = given.count({"num-attention-heads"});
  const bool grouped = given.flag("group-query-attention");
  model.kv_heads = given.count_or({"num-query-groups"}, grouped ? 1 : model.heads);
  if (!grouped && model.kv_heads != model.heads && given.typed("num-query-groups")) {
    notes.push_back("--num-query-groups " + std::to_string(model.kv_heads) +
                    " without --group-query-attention changes nothing in Megatron-LM: " +
                    std::to_string(model.heads) + " key-value heads taken.");
    model.kv_heads = model.heads;
  }
  if (model.kv_heads == 0 || model.heads % model.kv_heads != 0) {
    given.fail("num-query-groups", std::to_string(model.kv_heads) + " does not divide the " +
                                       std::to_string(model.heads) + " attention heads");
  }
  model.head_dim = given.count_or({"kv-channels"}, 0);
  if (model.head_dim == 0) {
    if (model.hidden % model.heads != 0)
      given.fail("kv-channels", "missing, and the heads do not divide --hidden-size");
    model.head_dim = model.hidden / model.heads;
  }
  if (given.flag("multi-latent-attention")) {
    model.kv_heads = model.heads;
    model.mla = LatentAttention{.q_rank = given.count_or({"q-lora-rank"}, 0),
                                .kv_rank = given.count({"kv-lora-rank"}),
                                .nope_dim = given.count({"qk-head-dim"}),
                                .rope_dim = given.count({"qk-pos-emb-head-dim"}),
                                .value_dim = given.count({"v-head-dim"})};
    model.head_dim = model.mla->nope_dim + model.mla->rope_dim;
  }
}

// "128,0" tokens to the left; one layer in `window-attn-skip-freq` sees all.
void add_window(const Given& given, Transformer& model) {
  std::string text = given.text("window-size");
  std::erase_if(text, [](char c) { return c == '(' || c == ')' || c == '\'' || c == '"' || c == ' '; });
  if (text.empty() || text == "None") return;
  const auto left = whole_number(std::string_view(text).substr(0, text.find(',')));
  if (!left || *left < 1 || *left > kMaxCount) {
    given.fail("window-size", "\"" + text + "\"; accepted: two whole numbers, as 4096,0");
  }
  model.sliding_window = *left;
  const std::int64_t every = given.count_or({"window-attn-skip-freq"}, 0);
  if (every == 1) model.sliding_window = 0;
  model.global_every = every > 1 ? std::min(every, model.layers) : 0;
}

// A model that is not one stack of decoder layers of one kind.
void refuse_other_models(const Given& given) {
  constexpr std::array<std::string_view, 10> kKeys = {"is-hybrid-model",
                                                      "hybrid-attention-ratio",
                                                      "hybrid-layer-pattern",
                                                      "hybrid-override-pattern",
                                                      "mamba-state-dim",
                                                      "heterogeneous-layers-config-path",
                                                      "heterogeneous-layers-config-encoded-json",
                                                      "linear-attention-freq",
                                                      "encoder-num-layers",
                                                      "experimental-attention-variant"};
  for (const std::string_view key : kKeys) {
    if (given.has(key) && given.flag(key)) {
      given.fail(key,
                 "asks for layers that are missing here; accepted: one stack of attention and feed-forward "
                 "layers, as pretrain_gpt.py trains");
    }
  }
  const std::string script = given.text("the-script");
  constexpr std::array<std::string_view, 8> kOthers = {"pretrain_bert",  "pretrain_t5",     "pretrain_mamba",
                                                       "pretrain_ict",   "pretrain_vision", "pretrain_vlm",
                                                       "pretrain_retro", "pretrain_hybrid"};
  for (const std::string_view other : kOthers) {
    if (script.starts_with(other))
      given.fail_all("runs " + script + "; accepted: pretrain_gpt.py, or one like it");
  }
}

// Megatron-LM's flags, the keys of its YAML, and NeMo's "fast-swiglu"; each is asked for, so that none is
// unknown.
bool gated(const Given& given) {
  bool found = false;
  for (const std::string_view flag : {"swiglu", "quick-geglu", "gated-linear-unit"}) {
    if (given.flag(flag)) found = true;
  }
  for (const std::string_view key : {"activation", "activation-func"}) {
    if (given.text(key).find("glu") != std::string::npos) found = true;
  }
  return found;
}

Transformer read_model(const Given& given, const MegatronOptions& options, std::vector<std::string>& notes) {
  Transformer model;
  model.layers = given.count({"num-layers"});
  if (model.layers > kMaxImportedLayers) {
    given.fail("num-layers", std::to_string(model.layers) + "; accepted: a whole number from 1 to " +
                                 std::to_string(kMaxImportedLayers));
  }
  model.hidden = given.count({"hidden-size"});
  add_attention(given, model, notes);
  model.gated_ffn = gated(given);
  // Megatron-LM's own default: 4 h, or 2/3 of it, rounded to 64, with SwiGLU (no other gate; not NeMo's).
  const bool swiglu = given.flag("swiglu") || given.text("activation-func") == "swiglu";
  const std::int64_t usual = swiglu ? model.hidden * 4 * 2 / 3 / 64 * 64 : 4 * model.hidden;
  model.ffn_hidden = given.count_or({"ffn-hidden-size"}, usual);
  model.vocab = padded_vocabulary(given, options, notes);
  model.sequence = given.count({"seq-length", "encoder-seq-length", "data-seq-length"});
  model.tied_embeddings = !given.flag("untie-embeddings-and-output-weights");
  if (given.has("share-embeddings-and-output-weights")) {
    model.tied_embeddings = given.flag("share-embeddings-and-output-weights");
  }
  const std::string positions = given.text("position-embedding-type");
  model.learned_positions =
      !given.flag("use-rotary-position-embeddings") && (positions.empty() || positions == "learned_absolute");
  model.bias = !given.flag("disable-bias-linear");
  if (given.has("bias")) model.bias = given.flag("bias");  // NeMo's key
  if (given.has("add-bias-linear")) model.bias = given.flag("add-bias-linear");
  model.mtp_layers = given.count_or({"mtp-num-layers"}, 0);
  add_experts(given, model);
  add_window(given, model);
  return model;
}

// "32 32 1953125", or a YAML's "[32, 32, 1953125]": start, increment, samples. A plan has one batch; the part
// of a run that says the rest is written out for the reader.
void note_rampup(const Given& given, const Transformer& model, const Plan& plan,
                 std::vector<std::string>& notes) {
  const char* const kKey = given.has("rampup-batch-size") ? "rampup-batch-size" : "data-rampup-batch-size";
  std::string text = given.text(kKey);
  if (text.empty() || text == "None") return;
  for (char& c : text) {
    if (c == '[' || c == ']' || c == ',') c = ' ';
  }
  long long start = 0, increment = 0, samples = 0;
  int read = 0;
  if (std::sscanf(text.c_str(), "%10lld %10lld %15lld %n", &start, &increment, &samples, &read) != 3 ||
      read != static_cast<int>(text.size()) || start < 1 || increment < 1 || samples < 1 ||
      start >= plan.global_batch || (plan.global_batch - start) % increment != 0) {
    given.fail(kKey, "\"" + given.text(kKey) +
                         "\"; accepted: START INCREMENT SAMPLES, whole numbers from 1, " +
                         "that lead from START to the global batch of " + std::to_string(plan.global_batch) +
                         " by whole increments");
  }
  char tokens[64];
  std::snprintf(tokens, sizeof tokens, "%.12g Mtoken",
                static_cast<double>(samples) * static_cast<double>(model.sequence) / 1e6);
  notes.push_back(
      "The batch grows over the first " + std::to_string(samples) + " samples; a plan has one, the final " +
      std::to_string(plan.global_batch) +
      ". A run says so as the first of its \"parts\": {\"title\": \"growing batch\", \"tokens\": \"" +
      tokens + "\", \"global_batch\": " + std::to_string(plan.global_batch) + ", \"rampup\": {\"start\": " +
      std::to_string(start) + ", \"increment\": " + std::to_string(increment) + "}}");
}

}  // namespace

ImportedTraining import_megatron(const MegatronArguments& arguments, const std::string& file,
                                 const MegatronOptions& options) {
  const Given given(arguments, file);
  refuse_other_models(given);
  if (!given.has("num-layers")) {
    given.fail_all(
        "holds neither --num-layers nor num_layers; accepted: arguments of Megatron-LM's "
        "pretrain_gpt.py, or a YAML with their names");
  }
  ImportedTraining out;
  out.model = read_model(given, options, out.notes);
  out.plan = megatron_plan(given, out.model, options, out.notes);
  note_rampup(given, out.model, out.plan, out.notes);
  for (std::string& remark : given.remarks()) out.notes.push_back(std::move(remark));
  return out;
}

}  // namespace traincast
