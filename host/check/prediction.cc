#include "host/check/prediction.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/base/errors.h"
#include "host/model/shard.h"

namespace traincast {
namespace {

// The calibrated times, and none for what is left out.
class RunningKernels final : public KernelTimes {
 public:
  RunningKernels(const KernelTimes& all, const LeftOut& left_out) : all_(all), left_out_(left_out) {}
  Seconds time(const Op& op) const override {
    const auto& ops = left_out_.ops;
    return std::find(ops.begin(), ops.end(), op) == ops.end() ? all_.time(op) : Seconds(0);
  }
  Bandwidth stream_rate() const override { return all_.stream_rate(); }

 private:
  const KernelTimes& all_;
  const LeftOut& left_out_;
};
class RunningCollectives final : public CollectiveTimes {
 public:
  RunningCollectives(const CollectiveTimes& all, const LeftOut& left_out) : all_(all), left_out_(left_out) {}
  Seconds time(Collective collective, Bytes message, const CommGroup& group) const override {
    const auto& out = left_out_.collectives;
    return std::find(out.begin(), out.end(), collective) == out.end() ? all_.time(collective, message, group)
                                                                      : Seconds(0);
  }

 private:
  const CollectiveTimes& all_;
  const LeftOut& left_out_;
};

using Counted = std::vector<std::pair<StepOp, std::int64_t>>;

// Share of the step model's time for this op, in seconds before it is made to fit the model's own sum.
double weight(const StepOp& op, const Stack& stack, const System& system) {
  const double stream = system.kernels->stream_rate().value();
  const double own = system.kernels->time(op.op).value();
  if (own == 0) return 0;  // left out
  switch (op.op_class) {
    case OpClass::loss:
      return stack.logit_bytes * op.traffic / stream;
    case OpClass::cast:
      return op.traffic / stream;
    case OpClass::optimizer:
      return work(op.op).bytes.value() / stream;
    default:
      return op.part == Part::elementwise ? stack.elementwise_passes * op.traffic / stream : own;
  }
}

void add_messages(StepPrediction& out, const StepProgram& program, const Plan& plan, const System& system) {
  const CommGroup tensor = tensor_group(plan, system);
  const CommGroup data = data_group(plan, system);
  for (const auto& [message, count] : counted_messages(program)) {
    const bool within = message.group == RankGroup::tensor;
    const Seconds once = system.collectives->time(message.collective, message.size, within ? tensor : data);
    (within ? out.tensor_alone : out.data_alone) += once.value() * static_cast<double>(count);
  }
}

// The parts of a step by class: each part of the model's own sum is shared out among its ops.
void share_out(StepPrediction& out, const Counted& ops, const System& system) {
  std::array<double, kParts> weights{};
  for (const auto& [op, count] : ops) {
    weights[static_cast<std::size_t>(op.part)] += weight(op, out.stack, system) * static_cast<double>(count);
  }
  double attributed = 0;
  for (const auto& [op, count] : ops) {
    const auto at = static_cast<std::size_t>(op.op_class);
    out.alone[at] += system.kernels->time(op.op).value() * static_cast<double>(count);
    const double sum = weights[static_cast<std::size_t>(op.part)];
    if (sum <= 0) continue;
    const double share = weight(op, out.stack, system) * static_cast<double>(count) / sum;
    out.predicted[at] += share * out.step.parts[op.part];
    attributed += share * out.step.parts[op.part];
  }
  out.spread = system.gpu->sustained.spread;
  // No experts are spread over ranks here, only shards of them.
  out.tensor_comm = out.step.parts[Part::tensor_comm] + out.step.parts[Part::expert_comm];
  out.data_comm = out.step.parts[Part::data_comm];
  out.waiting = out.step.time.value() - attributed - out.tensor_comm - out.data_comm;
  if (std::abs(out.waiting) < 1e-9 * out.step.time.value()) out.waiting = 0;  // rounding of the sum
}

// Time of a step's messages that reduce gradients, and of those that share weights afterwards.
std::pair<double, double> data_messages(const Transformer& model, const Plan& plan, const Stack& stack,
                                        const System& system) {
  if (plan.data_parallel == 1 || plan.zero_stage == 3) return {0, 0};
  const double parameters = stage_parameters(model, plan, 0).total();
  const CommGroup data = data_group(plan, system);
  const auto time = [&](Collective collective, double bytes) {
    return system.collectives->time(collective, Bytes(bytes), data).value();
  };
  const double gradients = parameters * stack.gradient_bytes;
  if (plan.zero_stage == 0) return {time(Collective::all_reduce, gradients), 0};
  return {static_cast<double>(gradient_reductions(plan)) * time(Collective::reduce_scatter, gradients),
          time(Collective::all_gather, parameters * 2)};
}

// What the optimiser's kernels take beyond their traffic at a copy's rate; a CPU's square roots take longer.
Seconds optimizer_overhead(const StepProgram& program, const System& system) {
  Seconds beyond;
  for (const auto& [op, count] : counted_ops(program)) {
    const Seconds own = system.kernels->time(op.op);
    if (op.op_class != OpClass::optimizer || own.value() == 0) continue;
    beyond += (own - work(op.op).bytes / system.kernels->stream_rate()) * static_cast<double>(count);
  }
  return std::max(beyond, Seconds(0));
}

}  // namespace

Stack stack_at_hand(const Stack& base, const StepProgram& program, const Transformer& model, const Plan& plan,
                    const System& system, double exposed_share) {
  Stack stack = base;
  const double stream = system.kernels->stream_rate().value();
  double own = 0, counted = 0;
  for (const auto& [op, count] : counted_ops(program)) {
    const double time = system.kernels->time(op.op).value() * static_cast<double>(count);
    if (op.op_class == OpClass::loss && op.traffic > 0) {
      stack.logit_bytes = time / static_cast<double>(count) * stream / op.traffic;
    }
    if (op.part != Part::elementwise || op.op_class == OpClass::cast) continue;
    own += time;
    counted += op.traffic * static_cast<double>(count) / stream;
  }
  if (counted > 0) stack.elementwise_passes = own / counted;
  // Gradients are reduced beneath the backward pass; weights are shared when nothing is left to compute. The
  // step model halves the share for plans without a pipeline.
  const auto [reduction, sharing] = data_messages(model, plan, stack, system);
  if (reduction + sharing > 0) {
    stack.data_exposed = 2 * (exposed_share * reduction + sharing) / (reduction + sharing);
  }
  stack.shard_serial = exposed_share;
  stack.step_overhead = optimizer_overhead(program, system);
  stack.from = {Origin::measured,
                "the check's own step: memory-bound kernels, loss and overlap each measured alone"};
  return stack;
}

StepPrediction predict_step(Calibrator& calibrator, Run run, const StepProgram& program,
                            const LeftOut& left_out, double exposed_share) {
  const CalibratedSystem calibrated = calibrator.system(run, run.cluster.fleets.front().gpu);
  System system = calibrated.view();
  const RunningKernels kernels(*system.kernels, left_out);
  const RunningCollectives collectives(*system.collectives, left_out);
  system.kernels = &kernels;
  system.collectives = &collectives;

  StepPrediction out;
  out.stack = stack_at_hand(run.stack, program, run.model, run.plan, system, exposed_share);
  out.step = estimate_step(run.model, run.plan, out.stack, system);
  if (!std::isfinite(out.step.time.value()) || out.step.time.value() <= 0) {
    throw ConfigError("profile " + (calibrator.profile() ? calibrator.profile()->name : std::string("?")) +
                      " has no rate for something that this step needs");
  }
  const auto& missing = left_out.ops;
  const bool optimizes = std::any_of(
      program.kinds.front().optimizer.begin(), program.kinds.front().optimizer.end(),
      [&](const StepOp& op) { return std::find(missing.begin(), missing.end(), op.op) == missing.end(); });
  if (!optimizes) {  // the model times it by traffic alone
    out.step.time -= Seconds(out.step.parts[Part::optimizer]);
    out.step.parts[Part::optimizer] = 0;
  }
  out.inputs = calibrated.inputs();
  out.inputs.push_back({"stack", out.stack.name, out.stack.from, figure_groups({FigureGroup::step})});
  share_out(out, counted_ops(program), system);
  add_messages(out, program, run.plan, system);
  return out;
}

}  // namespace traincast
