#include "host/model/step.h"

#include <algorithm>

#include "host/model/schedule_time.h"
#include "host/model/stages.h"
#include "host/model/straggler.h"

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

// One micro-batch on the busiest pipeline rank, and all of them through the pipeline.
struct PipelineParts {
  PartTimes busiest;
  double total = 0;
};
PipelineParts pipeline_parts(const Stages& stages) {
  const PipelineShape& shape = stages.shape();
  const double exposed = stages.message().time.value() * stages.message().exposed;
  PipelineTime time(shape, stages.message());
  PipelineParts out;
  double most = -1;
  for (std::int64_t rank = 0; rank < shape.ranks; ++rank) {
    PartTimes parts;
    for (std::int64_t local = 0; local < shape.virtual_stages; ++local) {
      const PassTimes chunk = stages.rank_chunk(rank, local);
      time.add(chunk_times(chunk));
      parts.add(chunk.forward).add(chunk.backward);
      // Activations from the chunk before, gradients from the one behind.
      const std::int64_t place = local * shape.ranks + rank;
      parts[Part::pipeline_comm] += exposed * ((place > 0 ? 1 : 0) + (place + 1 < shape.chunks() ? 1 : 0));
    }
    if (parts.sum() > most) {
      most = parts.sum();
      out.busiest = parts;
    }
  }
  out.total = time.total().value();
  return out;
}

}  // namespace

double compute_time(const PartTimes& parts) {
  double sum = 0;
  for (Part part : {Part::gemm, Part::attention, Part::elementwise, Part::experts, Part::head,
                    Part::recompute, Part::overhead}) {
    sum += parts[part];
  }
  return sum;
}

StepEstimate estimate_step(const Transformer& model, const Plan& plan, const Stack& stack,
                           const System& system) {
  const PipelineParts pipeline = pipeline_parts(Stages(model, plan, stack, system));
  StepEstimate step;
  step.micro_batches = plan.global_batch / (plan.micro_batch * plan.data_parallel);
  const double m = d(step.micro_batches);
  step.parts.add(pipeline.busiest, m);
  step.parts[Part::bubble] = std::max(0.0, pipeline.total - m * pipeline.busiest.sum());
  // Every step waits for the slowest GPU of the job.
  step.parts[Part::straggler] = system.gpu->sustained.spread * expected_maximum(plan.gpus()) *
                                (m * compute_time(pipeline.busiest) + step.parts[Part::bubble]);
  step.parts.add(once_a_step(model, plan, stack, system));

  step.time = Seconds(step.parts.sum());
  const double tokens = d(plan.global_batch) * d(model.sequence) / d(plan.gpus());
  step.tokens_per_gpu = Tokens(tokens) / step.time;
  const Flops model_flops = tokens * flops_per_token(model, AttentionCount::causal_half);
  step.model_flop_rate = model_flops / step.time;
  step.mfu = step.model_flop_rate / system.gpu->peak(DataType::bf16);
  const double repeated = plan.recompute == Recompute::full ? plan.recompute_share / 3 : 0;
  step.hfu = step.mfu * (1 + repeated);
  return step;
}

}  // namespace traincast
