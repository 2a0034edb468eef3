// The layouts of the vTrain and SimuMax projects' result tables.
#include <algorithm>
#include <array>
#include <utility>

#include "host/validate/published_row.h"

namespace traincast {
namespace {

void read_step_time(const Row& row, PublishedRun& run) {
  run.measured_from = "iter_time_s";
  if (const auto time = row.number("iter_time_s"); time && *time > 0) {
    run.measured = Seconds(*time);
  } else {
    run.reason = "no step time printed";
  }
}

}  // namespace

PublishedRun read_vtrain(const CsvTable& table, std::size_t index) {
  PublishedRun run;
  Row row(table, index, run);
  run.id = row.text("id");
  run.family = "VTRAIN";
  const std::string& billions = row.text("params_total_B");
  run.model_name =
      "GPT " + (billions.empty() ? row.text("layers") + "x" + row.text("hidden") : billions + "B");
  run.gpu_label = "A100-80GB";
  run.stack = run.plan.stack = "megatron-deepspeed-2023";
  run.gpus = row.count("gpus", 1);
  run.nic_per_gpu = Bandwidth(800e9 / 8 / 8);  // 800 Gbit/s a node of 8
  if (!row.stated("layers") || !row.stated("hidden") || !row.stated("heads")) {
    run.reason = "architecture not published (layers, hidden or heads)";
    return run;
  }
  Transformer& model = run.model;
  model.name = run.model_name;
  model.layers = row.count("layers", 1);
  model.hidden = row.count("hidden", 1);
  model.heads = model.kv_heads = row.count("heads", 1);
  model.head_dim = model.hidden / model.heads;
  model.ffn_hidden = 4 * model.hidden;
  model.vocab = 51200;
  model.sequence = row.count("seq", 2048);
  model.gated_ffn = false;
  model.tied_embeddings = model.learned_positions = true;
  Plan& plan = run.plan;
  plan.tensor_parallel = row.count("tp", 1);
  plan.pipeline_parallel = row.count("pp", 1);
  plan.data_parallel = row.count("dp", 1);
  plan.micro_batch = row.count("mbs", 1);
  plan.global_batch = row.count("gbs_seqs", 1);
  plan.zero_stage = 0;
  plan.precision = Precision::fp16;
  plan.sequence_parallel = false;
  run.recompute_stated = false;
  run.core = true;
  run.cluster = "VTRAIN|" + run.model_name;
  if (plan.gpus() != run.gpus || plan.global_batch % (plan.micro_batch * plan.data_parallel) != 0) {
    run.reason = "TP x PP x DP or the batch does not match the row's GPUs";
    return run;
  }
  read_step_time(row, run);
  return run;
}

PublishedRun read_simumax(const CsvTable& table, std::size_t index, const std::vector<Transformer>& known) {
  PublishedRun run;
  Row row(table, index, run);
  run.id = row.text("case");
  run.family = "SIMUMAX";
  run.model_name = row.text("model");
  run.gpu_label = row.text("gpu");
  run.stack = run.plan.stack = "megatron-core-2025";
  run.gpus = row.count("gpus", 8);
  run.core = true;
  run.cluster = "SIMUMAX|" + run.model_name;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kNames{
      {{"llama3_70b", "llama-3-70b"},
       {"llama3_405b", "llama-3.1-405b"},
       {"deepseekv2", "deepseek-v2"},
       {"deepseekv3", "deepseek-v3"}}};
  const auto named =
      std::find_if(kNames.begin(), kNames.end(), [&](const auto& n) { return n.first == run.model_name; });
  const auto model = std::find_if(known.begin(), known.end(), [&](const Transformer& m) {
    return named != kNames.end() && m.name == named->second;
  });
  if (model == known.end()) {
    run.reason = "no shipped model called " + run.model_name;
    return run;
  }
  run.model = *model;
  run.model.layers = row.count("layers", model->layers);
  run.model.sequence = row.count("seq", 4096);
  run.model.mtp_layers = 0;
  // The launch scripts of that project: 16 key-value heads in the 405B model, one dense layer before the
  // experts.
  if (run.model_name == "llama3_405b") run.model.kv_heads = 16;
  if (run.model.moe) run.model.moe->first_dense_layers = 1;
  Plan& plan = run.plan;
  plan.tensor_parallel = row.count("tp", 1);
  plan.pipeline_parallel = row.count("pp", 1);
  plan.data_parallel = row.count("dp", 1);
  plan.context_parallel = row.count("cp", 1);
  plan.expert_parallel = row.count("ep", 1);
  plan.micro_batch = row.count("mbs", 1);
  plan.global_batch = plan.micro_batch * plan.data_parallel * row.count("micro_batches", 1);
  // Four degrees multiplied may not fit 64 bits; three do.
  const std::int64_t replica = plan.tensor_parallel * plan.pipeline_parallel * plan.context_parallel;
  if (run.gpus % replica != 0 || run.gpus / replica != plan.data_parallel) {
    run.reason = "TP x PP x CP x DP does not match the row's GPUs";
    return run;
  }
  read_step_time(row, run);
  if (const auto memory = row.number("peak_memory_gib")) run.measured_memory = Bytes(*memory * kGiB);
  return run;
}

}  // namespace traincast
