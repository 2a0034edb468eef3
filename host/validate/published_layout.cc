// The layout of configs/published/runs.csv.
#include <algorithm>
#include <cctype>
#include <numeric>

#include "host/model/flops.h"
#include "host/validate/architecture.h"
#include "host/validate/published_row.h"

namespace traincast {
namespace {

template <typename Enum, std::size_t N>
std::optional<Enum> from_name(const std::string& text, const std::string_view (&names)[N]) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

void complete_from(const std::vector<Transformer>& known, PublishedRun& run) {
  Transformer& model = run.model;
  for (const Transformer& full : known) {
    const bool same_experts = full.moe.has_value() == model.moe.has_value() &&
                              (!model.moe || (full.moe->experts == model.moe->experts &&
                                              full.moe->ffn_hidden == model.moe->ffn_hidden));
    if (full.hidden != model.hidden || full.heads != model.heads || full.kv_heads != model.kv_heads ||
        !same_experts || (!model.moe && full.ffn_hidden != model.ffn_hidden)) {
      continue;
    }
    const std::int64_t layers = model.layers, sequence = model.sequence, vocab = model.vocab;
    model = full;
    model.layers = layers;
    model.sequence = sequence;
    model.vocab = vocab;
    run.assumptions.push_back("architecture details from the shipped model " + full.name);
    return;
  }
}

// Words of a precision as sources write it; the first that fits.
struct PrecisionWord {
  std::string_view text;
  Precision precision;
};
constexpr PrecisionWord kPrecisionWords[] = {
    {"fp4", Precision::nvfp4},   {"mx", Precision::mxfp8},     {"fp8", Precision::fp8},
    {"e4m3", Precision::fp8},    {"float8", Precision::fp8},   {"bf16", Precision::bf16},
    {"bfloat", Precision::bf16}, {"fp16", Precision::fp16},    {"float16", Precision::fp16},
    {"half", Precision::fp16},   {"16-mixed", Precision::fp16}};

void read_precision(Row& row, PublishedRun& run) {
  Plan& plan = run.plan;
  std::string lower = row.text("precision");
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (contains(lower, "rowwise")) {
    plan.precision = Precision::bf16;
    run.assumptions.push_back("FP8 scaled by rows: its GEMMs no faster than BF16's");
    return;
  }
  if (const auto precision = from_name<Precision>(row.text("precision_class"), kPrecisionNames)) {
    plan.precision = *precision;
    return;
  }
  plan.precision = Precision::bf16;
  for (const PrecisionWord& word : kPrecisionWords) {
    if (!contains(lower, word.text)) continue;
    plan.precision = word.precision;
    break;
  }
  run.assumptions.push_back("precision taken as " + std::string(name(plan.precision)));
}

// Where the data-parallel degree is stated, it says what the degrees left out multiply to: tensor-parallel
// ranks in a node first, then pipeline ranks.
void complete_from_data_parallel(Row& row, PublishedRun& run) {
  Plan& plan = run.plan;
  const std::int64_t block = plan.tensor_parallel * plan.pipeline_parallel * plan.context_parallel;
  const std::int64_t data = row.count_silently("dp", 0);
  if (data == 0 || run.gpus % data != 0 || (run.gpus / data) % block != 0) return;
  std::int64_t rest = run.gpus / data / block;
  if (rest == 1) return;
  if (row.stated("tp").value_or(0) == 0) {
    plan.tensor_parallel = std::gcd(rest, run.gpus_per_node);
    rest /= plan.tensor_parallel;
  }
  if (row.stated("pp").value_or(0) == 0) {
    plan.pipeline_parallel = rest;
  } else if (row.stated("cp").value_or(0) == 0) {
    plan.context_parallel = rest;
  }
  run.mapping_stated = true;
  run.assumptions.push_back("by dp: TP" + std::to_string(plan.tensor_parallel) + " PP" +
                            std::to_string(plan.pipeline_parallel) + " CP" +
                            std::to_string(plan.context_parallel));
}

void read_plan(Row& row, PublishedRun& run) {
  Plan& plan = run.plan;
  run.mapping_stated = row.stated("tp").value_or(0) > 0 || row.stated("pp").value_or(0) > 0;
  plan.tensor_parallel = row.count("tp", 1);
  plan.pipeline_parallel = row.count("pp", 1);
  plan.context_parallel = row.count("cp", 1);
  complete_from_data_parallel(row, run);
  const std::int64_t block = plan.tensor_parallel * plan.pipeline_parallel * plan.context_parallel;
  if (run.gpus % block != 0) {
    run.reason =
        "TP x PP x CP = " + std::to_string(block) + " does not divide " + std::to_string(run.gpus) + " GPUs";
    return;
  }
  plan.data_parallel = run.gpus / block;
  if (run.model.moe) {  // in a node, where not stated
    constexpr std::int64_t kNode = 8;
    plan.expert_parallel =
        row.count("ep", std::gcd(std::gcd(run.model.moe->experts, kNode), run.gpus / plan.pipeline_parallel));
  }
  run.virtual_stages_stated = row.stated("vpp").value_or(0) > 0 || plan.pipeline_parallel == 1;
  plan.virtual_stages = row.count_silently("vpp", 1);
  plan.schedule = plan.virtual_stages > 1 ? Schedule::interleaved : Schedule::one_f_one_b;
  const auto zero = row.stated("zero_stage");
  run.zero_stated = zero.has_value();
  if (!zero) run.assumptions.push_back("zero_stage not stated: 1");
  plan.zero_stage = static_cast<int>(std::min<std::int64_t>(3, zero.value_or(1)));
  plan.shard_ranks = row.count_silently("shard_ranks", 0);
  plan.micro_batch = row.count("mbs", plan.zero_stage == 3 ? 2 : 1);
  const std::int64_t unit = plan.micro_batch * plan.data_parallel;
  // Published pipelines run a median of 10 micro-batches a stage.
  constexpr std::int64_t kMicroBatchesAStage = 8;
  plan.global_batch = row.count(
      "gbs_seqs", unit * (plan.pipeline_parallel > 1 ? kMicroBatchesAStage * plan.pipeline_parallel : 1));
  if (plan.global_batch % unit != 0) {
    const std::int64_t batches = std::max<std::int64_t>(1, (plan.global_batch + unit - 1) / unit);
    run.assumptions.push_back("global batch rounded from " + std::to_string(plan.global_batch) + " to " +
                              std::to_string(batches * unit));
    plan.global_batch = batches * unit;
  }
  const std::string& recompute = row.text("recompute_mode");
  run.recompute_stated = recompute == "none" || recompute == "selective" || recompute == "full";
  if (const auto mode = from_name<Recompute>(recompute, kRecomputeNames)) plan.recompute = *mode;
  plan.sequence_parallel = row.text("sequence_parallel") != "0";
  plan.expert_tensor_parallel = 1;
  run.expert_tensor_stated = false;
  const std::string& notes = row.text("notes");
  for (const char* key : {"(ETP)=", "ETP="}) {
    const auto at = notes.find(key);
    if (at == std::string::npos) continue;
    const char digit = notes[std::min(notes.size() - 1, at + std::string(key).size())];
    if (digit >= '1' && digit <= '9') plan.expert_tensor_parallel = digit - '0';
    run.expert_tensor_stated = true;
    break;
  }
  // Benchmarks force balance. Megatron-core's two pairs of rows run 1.24 and 1.21 times as long with natural
  // routing; twice the mean number of rows on the busiest rank takes that long.
  plan.routing_skew = contains(notes, "natural routing") ? 2 : 1;
  read_precision(row, run);
}

// The source's step time; else from its throughput; else from its FLOP rate by its stated convention.
void read_measured(Row& row, PublishedRun& run) {
  const double tokens = static_cast<double>(run.plan.global_batch) * static_cast<double>(run.model.sequence);
  const double gpus = static_cast<double>(run.gpus);
  if (const auto rate = row.number("tokens_per_s_per_gpu"); rate && *rate > 0) {
    run.measured = Seconds(tokens / gpus / *rate);
    run.measured_from = "tokens_per_s_per_gpu";
    return;
  }
  if (const auto time = row.number("iter_time_s"); time && *time > 0) {
    run.measured = Seconds(*time);
    run.measured_from = "iter_time_s";
    return;
  }
  const auto by_rate = [&](double tflops, Flops per_token, const char* from) {
    run.measured = Seconds(tokens / gpus * per_token.value() / (tflops * 1e12));
    run.measured_from = from;
  };
  if (const auto rate = row.number("norm_tflops_per_gpu"); rate && *rate > 0) {
    by_rate(*rate, flops_per_token(run.model, AttentionCount::causal_half), "norm_tflops_per_gpu");
  } else if (const auto printed = row.number("tflops_per_gpu"); printed && *printed > 0) {
    const bool hardware = contains(row.text("flops_convention"), "HW");
    const Flops full = flops_per_token(run.model, AttentionCount::full_square);
    by_rate(*printed, hardware ? full * (4.0 / 3) : full, "tflops_per_gpu");
    run.assumptions.push_back(
        hardware ? "printed FLOP rate counts full recomputation and the full attention square"
                 : "printed FLOP rate counts the full attention square, no recomputation");
  } else {
    run.reason = "no step time, throughput or FLOP rate printed";
  }
}

}  // namespace

PublishedRun read_published(const CsvTable& table, std::size_t index, const std::vector<Transformer>& known) {
  PublishedRun run;
  Row row(table, index, run);
  run.id = row.text("id");
  run.family = row.text("family").empty() ? run.id.substr(0, run.id.rfind('-')) : row.text("family");
  run.model_name = row.text("model");
  run.gpu_label = row.text("gpu");
  run.precision_label = row.text("precision");
  run.cluster = row.text("cluster").empty() ? run.family + "|" + run.model_name + "|" + run.gpu_label
                                            : row.text("cluster");
  run.plan.stack = row.text("stack");
  run.year = static_cast<int>(row.count_silently("year", 0));
  run.stack = run.plan.stack;
  const std::string& grade = row.text("grade");
  run.scored = (grade.empty() || grade == "A" || grade == "B") && row.text("primary") != "0";
  run.core = row.text("core") == "1" || !table.has("core");
  if (!row.stated("gpus")) {
    run.reason = "number of GPUs not published";
    return run;
  }
  run.gpus = row.count("gpus", 1);
  run.gpus_per_node = row.count("gpus_per_node", 8);
  if (const auto nic = row.number("net_per_gpu_gbps"); nic && *nic > 0)
    run.nic_per_gpu = Bandwidth(*nic * 1e9 / 8);
  read_architecture(row, run, known);
  if (!run.reason.empty()) return run;
  complete_from(known, run);
  if (contains(run.model_name, "+MTP"))
    run.model.mtp_layers = 1;
  else
    run.model.mtp_layers = 0;
  read_plan(row, run);
  run.plan.adapters_only = contains(run.id, "LORA") || contains(row.text("notes"), "task=LoRA");
  if (run.reason.empty()) read_measured(row, run);
  return run;
}

}  // namespace traincast
