#include "host/check/check.h"

#include <algorithm>
#include <ctime>

#include "host/base/errors.h"
#include "host/base/statistics.h"
#include "host/config/load.h"
#include "kernels/operands.h"

namespace traincast {
namespace {

constexpr double kUsableMemory = 0.9;  // of what a rank has: what the system and libraries take is not ours

bool on_cpu(const DeviceInfo& device) {
  return device.backend == "cpu";
}

RanksAtHand ranks_at_hand(Session& session, const DeviceInfo& device) {
  const double sharing = on_cpu(device) ? session.local_size() : 1;
  return {.ranks = session.size(),
          .ranks_per_node = static_cast<int>(session.max(session.local_size())),
          .memory = Bytes(-session.max(-(device.memory / sharing).value()))};
}

// A CPU keeps every tensor in FP32.
DataType hidden_format(const DeviceInfo& device) {
  return on_cpu(device) ? DataType::fp32 : DataType::bf16;
}

// What one rank really allocates: each distinct operation and message once.
void require_memory(const StepProgram& program, const DeviceInfo& device, const RanksAtHand& ranks) {
  Bytes needed;
  std::vector<Op> seen;
  for (const auto& [op, count] : counted_ops(program)) {
    if (std::find(seen.begin(), seen.end(), op.op) != seen.end()) continue;
    seen.push_back(op.op);
    for (const Operand& operand : operands(op.op)) {
      const double width = on_cpu(device) ? 4 : bytes_per_element(operand.format);
      needed += Bytes(static_cast<double>(operand.elements) * width);
    }
  }
  for (const auto& [message, count] : counted_messages(program)) {
    needed += message.size * (message.group == RankGroup::data ? 2.0 : 1.0);
  }
  if (needed <= ranks.memory * kUsableMemory) return;
  throw InfeasiblePlan("the operations of one layer, embedding and head need " + to_string(needed) +
                       " a rank, which has " + to_string(ranks.memory) +
                       "; try a larger --scale, a smaller --micro-batch or --sequence");
}

Run run_at_hand(const CheckRequest& request, const Transformer& model, const RanksAtHand& ranks) {
  Run run;
  run.name = run.title = "check";
  run.model = model;
  run.plan = plan_at_hand(request.plan, model, ranks);
  run.stack.name = "check";
  run.stack.expert_rate = 1;       // grouped GEMMs are measured as such
  run.stack.accumulate_bytes = 0;  // weight-gradient GEMMs add to FP32 gradients themselves
  run.stack.logit_bytes = 0;       // until it is measured
  run.stack.from = {Origin::assumed, "the check's own step"};
  run.tokens = Tokens(static_cast<double>(run.plan.global_batch) * static_cast<double>(model.sequence));
  return run;
}

Transformer model_at_hand(const CheckRequest& request, std::int64_t scale) {
  Transformer model = scaled(request.model, scale);
  if (request.sequence) model.sequence = *request.sequence;
  return model;
}

double share_since(double processor, Seconds begin, const RankMachine& machine) {
  const double used = static_cast<double>(std::clock()) / CLOCKS_PER_SEC - processor;
  return used / std::max(1e-9, (machine.now() - begin).value());
}

// The model of this machine: a config where there is one, with the spread of these very ranks.
Gpu gpu_at_hand(const ConfigStore& store, const CheckRequest& request, const Profile& profile,
                const RanksAtHand& ranks) {
  Gpu gpu = request.gpu.empty() || request.gpu == "cpu" ? gpu_from_profile(profile, ranks.memory)
                                                        : load_gpu(store, request.gpu);
  gpu.sustained.spread = spread_between_ranks(profile);
  return gpu;
}

LeftOut left_out(const PreparedStep& step, const StepProgram& program,
                 std::vector<PreparedStep::MessageSlot>& slots) {
  LeftOut out;
  for (const auto& [op, count] : counted_ops(program)) {
    if (step.op(op.op) == nullptr) out.ops.push_back(op.op);
  }
  for (const PreparedStep::MessageSlot& slot : slots) {
    if (!slot.why.empty()) out.collectives.push_back(slot.message.collective);
  }
  return out;
}

double median_of_ranks(Session& session, double value) {
  return median(session.all_gather(value));
}

std::vector<ClassResult> class_results(const std::vector<StepTimes>& plays, const StepProgram& program,
                                       const StepPrediction& prediction, const PreparedStep& step,
                                       Session& session) {
  std::array<std::int64_t, kOpClasses> expected{};
  for (const auto& [op, count] : counted_ops(program))
    expected[static_cast<std::size_t>(op.op_class)] += count;
  std::vector<ClassResult> results;
  for (std::size_t i = 0; i < kOpClasses; ++i) {
    if (expected[i] == 0) continue;
    ClassResult result{.op_class = static_cast<OpClass>(i)};
    std::vector<double> seconds;
    for (const StepTimes& play : plays) seconds.push_back(play.ops[i].value());
    result.count = plays.front().executed[i];
    result.expected = expected[i];
    result.measured = Seconds(median_of_ranks(session, median(seconds)));
    result.predicted = Seconds(prediction.predicted[i]);
    result.alone = Seconds(prediction.alone[i]);
    for (const Unsupported& each : step.unsupported()) {
      if (each.op_class == result.op_class && result.count == 0) result.why = each.why;
    }
    results.push_back(std::move(result));
  }
  return results;
}

MessageTimes median_messages(const std::vector<StepTimes>& plays, MessageTimes StepTimes::*group,
                             Session& session) {
  std::vector<double> exposed, in_flight;
  for (const StepTimes& play : plays) {
    exposed.push_back((play.*group).exposed.value());
    in_flight.push_back((play.*group).in_flight.value());
  }
  return {Seconds(median_of_ranks(session, median(exposed))),
          Seconds(median_of_ranks(session, median(in_flight)))};
}

void require_profile_of(const Profile& profile, const std::string& gpu) {
  if (profile.gpu == gpu) return;
  const auto named = [](const std::string& name) {
    return name.empty() ? "no known GPU" : "\"" + name + "\"";
  };
  throw UsageError("profile " + profile.name + " describes " + named(profile.gpu) + ", this machine is " +
                   named(gpu));
}

}  // namespace

Seconds CheckResult::rest() const {
  Seconds rest = measured - tensor.exposed - data.exposed;
  for (const ClassResult& result : classes) rest -= result.measured;
  return rest;
}

CheckResult check_step(RankMachine& machine, const ConfigStore& store, const CheckRequest& request) {
  CheckResult result;
  result.device = machine.backend.info();
  if (request.profile) require_profile_of(*request.profile, request.gpu);
  const bool cpu = on_cpu(result.device);
  result.ranks = ranks_at_hand(machine.session, result.device);
  result.scale = request.scale > 0 ? request.scale : (cpu ? kCpuScale : 1);
  result.full_layers = request.model.layers;
  const Transformer model = model_at_hand(request, result.scale);
  const DataType hidden = hidden_format(result.device);
  const std::int64_t fits = rank_0_first(machine.session, [&] {
    result.run = run_at_hand(request, model, result.ranks);
    const std::int64_t layers = layers_that_fit(model, result.run.plan, result.run.stack,
                                                result.ranks.memory * kUsableMemory, request.layers);
    result.run.model = first_layers(model, layers);
    require_memory(step_program(result.run.model, result.run.plan, result.run.stack, hidden), result.device,
                   result.ranks);
    return layers;
  });
  StepProgram program = step_program(result.run.model, result.run.plan, result.run.stack, hidden);

  request.notice("preparing " + std::to_string(counted_ops(program).size()) + " different operations");
  PreparedStep step(machine, program, result.run.plan);
  result.unsupported = step.unsupported();
  result.profile_given = request.profile.has_value();
  if (!result.profile_given) request.notice("measuring each of them alone");
  const double processor = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  const Seconds begin = machine.now();
  const std::string gpu_name = request.gpu.empty() ? "at hand" : request.gpu;
  Profile profile =
      result.profile_given
          ? *request.profile
          : measure_shapes(machine, step, program,
                           {.gpu = gpu_name, .tool_version = request.tool_version, .when = request.when});
  profile.gpu = gpu_name;
  result.exposed_share = exposed_share(machine, step, program);
  if (!result.profile_given) result.profile_processor_share = share_since(processor, begin, machine);
  result.profile = profile;

  const Gpu gpu = gpu_at_hand(store, request, profile, result.ranks);
  result.run.cluster = cluster_at_hand(result.ranks, gpu);
  Calibrator calibrator(store, profile);
  calibrator.add_gpu(gpu);
  const LeftOut out = left_out(step, program, step.messages());
  const auto predict = [&](std::int64_t layers) {
    result.run.model = first_layers(model, layers);
    program = step_program(result.run.model, result.run.plan, result.run.stack, hidden);
    return predict_step(calibrator, result.run, program, out, result.exposed_share);
  };
  result.prediction = predict(fits);
  if (cpu && request.layers == 0) {
    // Two, so that one layer's gradients can travel while the next computes.
    std::int64_t layers = std::min(fits, std::max<std::int64_t>(2, layers_of_all_kinds(result.run.model)));
    StepPrediction more = predict(layers);
    while (true) {
      result.prediction = more;
      if (layers == fits) break;
      more = predict(layers + 1);
      if (more.step.time > kCpuStep) break;
      ++layers;
    }
    predict(layers);
  }
  result.run.stack = result.prediction.stack;
  result.memory = estimate_memory(result.run.model, result.run.plan, result.run.stack);

  request.notice("playing " + std::to_string(request.tries) + " steps of " +
                 std::to_string(result.run.model.layers) +
                 " layers, then as many with a clock on each class");
  Player player(machine, step, program);
  player.play(Clocking::whole);  // warms up
  std::vector<double> whole, shares;
  for (int i = 0; i < request.tries; ++i) {
    const StepTimes play = player.play(Clocking::whole);
    result.tries.push_back(play.total);
    whole.push_back(play.total.value());
    shares.push_back(play.processor_share);
  }
  result.measured = Seconds(median(whole));
  result.processor_share = median_of_ranks(machine.session, median(shares));
  std::vector<StepTimes> plays;
  for (int i = 0; i < request.tries; ++i) plays.push_back(player.play(Clocking::by_class));
  result.classes = class_results(plays, program, result.prediction, step, machine.session);
  result.tensor = median_messages(plays, &StepTimes::tensor, machine.session);
  result.data = median_messages(plays, &StepTimes::data, machine.session);
  return result;
}

}  // namespace traincast
