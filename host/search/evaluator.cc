#include "host/search/evaluator.h"

#include <algorithm>

#include "host/model/shard.h"
#include "host/model/stage_terms.h"
#include "host/model/stages.h"
#include "host/model/straggler.h"

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

}  // namespace

Evaluator::Evaluator(const SearchSpace& space, const Layouts& layouts, const Gates& gates, TimeWhat what)
    : space_(space), layouts_(layouts), gates_(gates), what_(what), table_(space), plan_(space.run->plan) {
  straggler_ = expected_maximum(space.gpus);
}

void Evaluator::evaluate(const SearchTask& task, PlanVisitor& visitor) {
  stack_ = &space_.stacks[task.stack].stack;
  table_.reset(*stack_);
  choice_ = {};
  choice_.tensor = static_cast<std::int32_t>(task.tensor);
  choice_.context = static_cast<std::int32_t>(task.context);
  choice_.expert = static_cast<std::int32_t>(task.expert);
  choice_.expert_tensor = static_cast<std::int32_t>(task.expert_tensor);
  choice_.sequence_parallel = task.sequence_parallel;
  choice_.overlap = static_cast<std::int32_t>(task.stack);
  for (const std::int64_t pipeline : space_.axes.pipeline) this->pipeline(task, pipeline, visitor);
}

void Evaluator::pipeline(const SearchTask& task, std::int64_t pipeline, PlanVisitor& visitor) {
  const std::int64_t block = task.tensor * task.context * pipeline;
  if (space_.gpus % block != 0) return;
  const std::int64_t data = space_.gpus / block;
  const auto& allowed = space_.axes.data;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), data) == allowed.end()) return;
  if (data * task.context * task.tensor % (task.expert * task.expert_tensor) != 0) return;
  choice_.pipeline = static_cast<std::int32_t>(pipeline);
  choice_.data = static_cast<std::int32_t>(data);
  choice_.micro_batch = 1;
  for (const std::int64_t chunks : space_.axes.virtual_stages) {
    const StageLayout* found = layouts_.find(pipeline, chunks);
    if (found == nullptr) continue;
    choice_.virtual_stages = static_cast<std::int32_t>(chunks);
    layout(*found, visitor);
  }
}

void Evaluator::find_zero_choices() {
  plans_ = 0;
  const std::int64_t replicas = plan_.data_parallel * plan_.context_parallel;
  for (const std::int64_t zero : space_.axes.zero) {
    // One rank has nobody to share with.
    if (replicas == 1 && zero != space_.axes.zero.front()) continue;
    for (const std::int64_t shard : space_.axes.shard) {
      const bool whole = shard == 0;
      if (zero == 0 && shard != space_.axes.shard.front()) continue;
      if (zero > 0 && !whole && (shard >= replicas || replicas % shard != 0)) continue;
      if (plans_ == kMaxZero) return;
      zero_[plans_++] = {static_cast<int>(zero), zero == 0 ? 0 : shard};
    }
  }
}

// The first choice that exchanges the same once a step: ZeRO-2 does what ZeRO-1 does.
std::size_t Evaluator::same_messages(std::size_t choice) const {
  for (std::size_t i = 0; i < choice; ++i) {
    if (zero_[i].zero == 1 && zero_[choice].zero == 2 && zero_[i].shard == zero_[choice].shard) return i;
  }
  return choice;
}

// Messages between data-parallel ranks and the optimiser, for every ZeRO choice.
void Evaluator::fill_once(const StageLayout& layout, bool dual_pipe) {
  plan_.schedule = dual_pipe ? Schedule::dual_pipe : Schedule::one_f_one_b;
  ranks_.clear();
  for (const RankRun& run : layout.runs()) {
    ranks_.push_back(run.first);
    if (dual_pipe) ranks_.push_back(layout.pipeline() - 1 - run.last());  // where a mirror's run begins
  }
  const MostHeld most = most_held(space_.run->model, plan_, ranks_);
  auto& once = once_[dual_pipe ? 1 : 0];
  auto& again = again_[dual_pipe ? 1 : 0];
  once.clear();
  again.clear();
  for (const System& on : space_.systems) {
    const double table = shared_table_sum(most, plan_, *stack_, on);
    const std::size_t first = once.size();
    for (std::size_t i = 0; i < plans_; ++i) {
      plan_.zero_stage = zero_[i].zero;
      plan_.shard_ranks = zero_[i].shard;
      again.push_back(scattered_again(most, plan_, *stack_, on));
      const std::size_t same = same_messages(i);
      once.push_back(same < i ? once[first + same] : once_a_step(most, plan_, *stack_, on).sum() + table);
    }
  }
}

void Evaluator::fill_gathers(const StageLayout& layout) {
  const std::size_t runs = layout.runs().size();
  gathered_.assign(space_.systems.size() * plans_ * runs, 0);
  for (std::size_t run = 0; run < runs; ++run) {
    const StageParameters held = stage_parameters(space_.run->model, plan_, layout.runs()[run].first);
    const double layers = std::max(1.0, layout.runs()[run].own_layers);
    for (std::size_t system = 0; system < space_.systems.size(); ++system) {
      for (std::size_t i = 0; i < plans_; ++i) {
        if (zero_[i].zero < 3) continue;
        plan_.zero_stage = zero_[i].zero;
        plan_.shard_ranks = zero_[i].shard;
        gathered_[(system * plans_ + i) * runs + run] =
            gathered_layer_seconds(held, layers, plan_, *stack_, space_.systems[system]) / stack_->shard_rate;
      }
    }
  }
}

void Evaluator::fill_states(const StageLayout& layout, StateKind kind) {
  const bool dual_pipe = kind == StateKind::dual_pipe;
  auto& stages = stages_[static_cast<std::size_t>(kind)];
  auto& states = states_[static_cast<std::size_t>(kind)];
  stages = memory_stages(layout, dual_pipe);
  states.clear();
  plan_.schedule = dual_pipe ? Schedule::dual_pipe : Schedule::one_f_one_b;
  plan_.micro_batch = 1;
  plan_.global_batch = kind == StateKind::by_chunk ? plan_.pipeline_parallel * plan_.data_parallel : 0;
  for (const Precision precision : space_.axes.precision) {
    plan_.precision = precision;
    terms_.clear();
    for (const MemoryStage& at : stages) {
      terms_.emplace_back(space_.run->model, plan_, *stack_, layout, at);
    }
    for (std::size_t i = 0; i < plans_; ++i) {
      plan_.zero_stage = zero_[i].zero;
      plan_.shard_ranks = zero_[i].shard;
      for (const StateTerms& terms : terms_) states.push_back(terms.bytes(plan_));
    }
  }
}

void Evaluator::layout(const StageLayout& layout, PlanVisitor& visitor) {
  plan_ = to_plan(choice_, space_.run->plan);
  find_zero_choices();
  if (plans_ == 0) return;
  fill_gathers(layout);
  fill_once(layout, false);
  fill_states(layout, StateKind::plain);
  if (layout.virtual_stages() > 1) fill_states(layout, StateKind::by_chunk);
  const auto& schedules = space_.axes.schedule;
  const bool dual = layout.virtual_stages() == 1 && layout.pipeline() % 2 == 0 &&
                    std::find(schedules.begin(), schedules.end(), Schedule::dual_pipe) != schedules.end();
  if (dual) {
    fill_once(layout, true);
    fill_states(layout, StateKind::dual_pipe);
  }
  batches(layout, visitor);
}

void Evaluator::batches(const StageLayout& layout, PlanVisitor& visitor) {
  const Axes& axes = space_.axes;
  for (const std::int64_t batch : axes.global_batch) {
    choice_.global_batch = batch;
    for (std::size_t mb = 0; mb < axes.micro_batch.size(); ++mb) {
      const std::int64_t rows = axes.micro_batch[mb] * choice_.data;
      if (batch % rows != 0) continue;
      choice_.micro_batch = static_cast<std::int32_t>(axes.micro_batch[mb]);
      micro_batches_ = batch / rows;
      for (std::size_t precision = 0; precision < axes.precision.size(); ++precision) {
        choice_.precision = axes.precision[precision];
        for (std::size_t recompute = 0; recompute < axes.recompute.size(); ++recompute) {
          choice_.recompute = axes.recompute[recompute].mode;
          choice_.share_percent = axes.recompute[recompute].share_percent;
          const std::size_t row =
              (mb * axes.precision.size() + precision) * axes.recompute.size() + recompute;
          for (const Schedule schedule : axes.schedule) {
            if (!has_schedule(schedule, choice_.pipeline, choice_.virtual_stages, micro_batches_)) continue;
            plan_group(layout, row, precision, schedule, visitor);
          }
        }
      }
    }
  }
}

void Evaluator::plan_group(const StageLayout& layout, std::size_t row, std::size_t precision,
                           Schedule schedule, PlanVisitor& visitor) {
  choice_.schedule = schedule;
  set_plan();
  const auto kind = static_cast<std::size_t>(state_kind(schedule));
  const auto& stages = stages_[kind];
  const double* states = &states_[kind][precision * plans_ * stages.size()];
  const ActivationTerms& terms = table_.activations(row, plan_);
  std::fill_n(memory_.begin(), plans_, 0.0);
  bool fits = what_ == TimeWhat::all;
  for (std::size_t stage = 0; stage < stages.size(); ++stage) {
    const double activations = activation_bytes(layout, stages[stage], terms, plan_);
    for (std::size_t i = 0; i < plans_; ++i) {
      memory_[i] = std::max(memory_[i], states[i * stages.size() + stage] + activations);
    }
  }
  const double capacity = space_.capacity.value();
  for (std::size_t i = 0; i < plans_; ++i) {
    fits = fits || memory_[i] <= capacity;
    step_[i] = kNotTimed;
  }
  if (fits) time_plans(layout, row);
  visitor.visit({.choice = &choice_,
                 .plans = plans_,
                 .zero = zero_.data(),
                 .memory = memory_.data(),
                 .step = step_.data(),
                 .bubble = bubble_.data(),
                 .gates = gates_.broken(choice_)});
}

StateKind Evaluator::state_kind(Schedule schedule) const {
  if (schedule == Schedule::dual_pipe) return StateKind::dual_pipe;
  const bool by_chunk = choice_.virtual_stages > 1 && micro_batches_ <= choice_.pipeline;
  return by_chunk ? StateKind::by_chunk : StateKind::plain;
}

void Evaluator::set_plan() {
  plan_.micro_batch = choice_.micro_batch;
  plan_.global_batch = choice_.global_batch;
  plan_.precision = choice_.precision;
  plan_.recompute = choice_.recompute;
  plan_.recompute_share = recompute_share(choice_);
  plan_.schedule = choice_.schedule;
}

void Evaluator::time_plans(const StageLayout& layout, std::size_t row) {
  const std::size_t runs = layout.runs().size();
  const LayerTimes* times = table_.times(row, plan_);
  const double m = d(micro_batches_), capacity = space_.capacity.value();
  for (std::size_t system = 0; system < space_.systems.size(); ++system) {
    const double wait = space_.systems[system].gpu->sustained.spread * straggler_;
    const std::size_t dual = choice_.schedule == Schedule::dual_pipe ? 1 : 0;
    const double* once = &once_[dual][system * plans_];
    const double* again = &again_[dual][system * plans_];
    double shared_step = -1, shared_bubble = 0;  // of all plans but those of ZeRO-3
    prepare(layout, system, times[system]);
    for (std::size_t i = 0; i < plans_; ++i) {
      if (what_ == TimeWhat::feasible && memory_[i] > capacity) continue;
      double bubble = shared_bubble, step = shared_step;
      if (zero_[i].zero == 3 || shared_step < 0) {
        const double* gathered = zero_[i].zero == 3 ? &gathered_[(system * plans_ + i) * runs] : nullptr;
        const PipelineWork work = pipeline_of(layout, gathered);
        bubble = std::max(0.0, work.total - m * work.busiest);
        step = m * work.busiest + bubble + wait * (m * work.busiest_compute + bubble);
        if (zero_[i].zero < 3) shared_step = step, shared_bubble = bubble;
      }
      step += once[i] + (m - 1) * again[i];
      if (step_[i] != kNotTimed && step_[i] >= step) continue;
      step_[i] = step;
      bubble_[i] = bubble;
    }
  }
}

// Times of the chunks and the message between ranks, for pipeline_of().
void Evaluator::prepare(const StageLayout& layout, std::size_t system, const LayerTimes& times) {
  kinds_.clear();
  for (const ChunkKind& kind : layout.kinds()) {
    kinds_.push_back(times.chunk(kind, space_.run->model.mtp_layers));
  }
  const ChunkMessage message = pipeline_message(space_.run->model, plan_, *stack_, space_.systems[system]);
  wait_ = {message.time.value() * message.exposed, message.time.value() * (1 - message.exposed)};
  if (layout.pipeline() == 1) wait_ = {};
}

PipelineWork Evaluator::pipeline_of(const StageLayout& layout, const double* gathered) {
  const double exposed = choice_.schedule == Schedule::dual_pipe ? 0 : wait_.exposed;
  const bool splits = PipelineShape{.schedule = choice_.schedule}.splits_backward();
  const auto& kinds = layout.kinds();
  for (std::size_t r = 0; r < layout.runs().size(); ++r) {
    const RankRun& run = layout.runs()[r];
    RunWork& out = works_[r];
    out = {};
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      const double chunks = layout.chunks(r, k);
      if (chunks == 0) continue;
      PassWork pass{kinds_[k].forward, kinds_[k].backward};
      double weight_gradient = kinds_[k].weight_gradient;
      if (gathered != nullptr) {
        const ChunkTimes work{Seconds(pass.forward), Seconds(pass.backward), Seconds(weight_gradient)};
        const GatherWaits waits =
            exposed_gathers(work, std::max(1.0, kinds[k].own_layers) * gathered[r], splits, *stack_);
        pass.forward += waits.forward;
        pass.backward += waits.backward;
        weight_gradient += waits.weight_gradient;
      }
      if (!kinds[k].first) pass.forward += exposed;
      if (!kinds[k].last) pass.backward += exposed;
      out.work.add(pass, chunks);
      out.weight_gradient += chunks * weight_gradient;
      out.compute += chunks * kinds_[k].compute;
      if (k == run.first_kind) out.first = pass;
      if (k == run.last_kind) out.last = pass;
    }
  }
  return pipeline_work(layout, choice_.schedule, micro_batches_, wait_, works_);
}

}  // namespace traincast
