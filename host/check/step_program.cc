#include "host/check/step_program.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "host/check/layer_ops.h"
#include "host/model/shard.h"

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

DataType gradient_format(const Stack& stack) {
  return stack.gradient_bytes > 2 ? DataType::fp32 : DataType::bf16;
}

// What data-parallel ranks exchange about so many parameters, and the optimiser step of those that a rank
// owns.
void add_states(StepUnit& unit, double parameters, const Transformer& model, const Plan& plan,
                const Stack& stack) {
  const double owned = parameters / (plan.zero_stage > 0 ? d(plan.data_parallel) : 1);
  const auto rows = static_cast<std::int64_t>(std::ceil(owned / d(model.hidden)));
  unit.optimizer.push_back({MemoryBound{MemoryKind::adam, rows, model.hidden, DataType::fp32},
                            OpClass::optimizer, Part::optimizer, 0});
  if (plan.data_parallel == 1) return;
  const Bytes gradients(parameters * bytes_per_element(gradient_format(stack)));
  const StepMessage weights{Collective::all_gather, Bytes(parameters * 2), DataType::bf16, RankGroup::data};
  const Collective reduction = plan.zero_stage == 0 ? Collective::all_reduce : Collective::reduce_scatter;
  unit.reduce_gradients.push_back({reduction, gradients, gradient_format(stack), RankGroup::data});
  if (plan.zero_stage == 3) {
    unit.gather_weights.push_back(weights);
  } else if (plan.zero_stage > 0) {
    unit.share_weights.push_back(weights);
  }
}

template <typename Visit>
void for_each_op(const std::vector<StepItem>& items, Visit visit) {
  for (const StepItem& item : items) {
    if (!item.is_message) visit(item.op);
  }
}

}  // namespace

std::string_view name(OpClass op_class) {
  constexpr std::string_view kNames[kOpClasses] = {"gemm forward",
                                                   "gemm data gradient",
                                                   "gemm weight gradient",
                                                   "router",
                                                   "expert gemm forward",
                                                   "expert gemm data gradient",
                                                   "expert gemm weight gradient",
                                                   "attention forward",
                                                   "attention backward",
                                                   "norm",
                                                   "rope",
                                                   "activation",
                                                   "residual",
                                                   "permute",
                                                   "cast",
                                                   "embedding",
                                                   "head gemm",
                                                   "loss",
                                                   "optimizer"};
  return kNames[static_cast<int>(op_class)];
}

StepProgram step_program(const Transformer& model, const Plan& plan, const Stack& stack, DataType hidden) {
  StepProgram program;
  program.micro_batches = plan.global_batch / (plan.micro_batch * plan.data_parallel);
  program.reduce_every_micro_batch = whole_gradients(plan) == 0;
  const StageParameters ends = stage_parameters(model, plan, 0);

  StepUnit embedding = embedding_ops(model, plan, hidden);
  if (ends.embedding > 0) add_states(embedding, ends.embedding, model, plan, stack);
  program.kinds.push_back(std::move(embedding));
  program.units.push_back(0);

  std::array<std::size_t, 4> known{};
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    const bool moe = model.is_moe_layer(layer);
    const bool sliding = model.is_sliding_layer(layer);
    std::size_t& kind = known[(moe ? 2U : 0U) + (sliding ? 1U : 0U)];
    if (kind == 0) {
      kind = program.kinds.size();
      StepUnit unit = layer_ops(model, plan, stack, moe ? LayerKind::moe : LayerKind::dense,
                                sliding ? model.sliding_window : model.sequence, hidden);
      add_states(unit, layer_parameters(model, plan, moe).total(), model, plan, stack);
      program.kinds.push_back(std::move(unit));
    }
    program.units.push_back(kind);
  }

  StepUnit head = head_ops(model, plan, stack, hidden);
  const double final_norm = d(model.bias ? 2 * model.hidden : model.hidden);
  add_states(head, ends.head + final_norm, model, plan, stack);
  program.units.push_back(program.kinds.size());
  program.kinds.push_back(std::move(head));
  return program;
}

std::vector<std::pair<StepOp, std::int64_t>> counted_ops(const StepProgram& program) {
  std::vector<std::pair<StepOp, std::int64_t>> counted;
  const auto add = [&counted](const StepOp& op, std::int64_t times) {
    const auto same = std::find_if(counted.begin(), counted.end(), [&op](const auto& entry) {
      return entry.first.op == op.op && entry.first.op_class == op.op_class &&
             entry.first.traffic == op.traffic;
    });
    if (same != counted.end()) {
      same->second += times;
    } else {
      counted.emplace_back(op, times);
    }
  };
  for (const std::size_t kind : program.units) {
    const StepUnit& unit = program.kinds[kind];
    for_each_op(unit.forward, [&](const StepOp& op) { add(op, program.micro_batches); });
    for_each_op(unit.backward, [&](const StepOp& op) { add(op, program.micro_batches); });
    for (const StepOp& op : unit.optimizer) add(op, 1);
  }
  return counted;
}

std::vector<std::pair<StepMessage, std::int64_t>> counted_messages(const StepProgram& program) {
  std::vector<std::pair<StepMessage, std::int64_t>> counted;
  const auto add = [&counted](const StepMessage& message, std::int64_t times) {
    const auto same = std::find_if(counted.begin(), counted.end(),
                                   [&](const auto& entry) { return entry.first == message; });
    if (same != counted.end()) {
      same->second += times;
    } else {
      counted.emplace_back(message, times);
    }
  };
  const std::int64_t m = program.micro_batches;
  for (const std::size_t kind : program.units) {
    const StepUnit& unit = program.kinds[kind];
    for (const auto* items : {&unit.forward, &unit.backward}) {
      for (const StepItem& item : *items) {
        if (item.is_message) add(item.message, m);
      }
    }
    for (const StepMessage& message : unit.gather_weights) add(message, 2 * m);
    const std::int64_t reductions = program.reduce_every_micro_batch ? m : 1;
    for (const StepMessage& message : unit.reduce_gradients) add(message, reductions);
    for (const StepMessage& message : unit.share_weights) add(message, 1);
  }
  return counted;
}

}  // namespace traincast
