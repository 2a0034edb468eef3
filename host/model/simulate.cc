#include "host/model/simulate.h"

#include "host/model/stages.h"
#include "host/model/step.h"

namespace traincast {
namespace {

struct LaneTime {
  Lane lane;
  double seconds;
};

// Writes the events of one rank one after another.
class Writer {
 public:
  explicit Writer(StepRank& rank) : events_(rank.events) {}

  void add(Lane lane, StepWork work, double end, const Task* task = nullptr) {
    if (end <= now_) return;
    LaneEvent event{.lane = lane, .work = work, .start = Seconds(now_), .end = Seconds(end)};
    if (task != nullptr) {
      event.micro_batch = task->micro_batch;
      event.chunk = task->chunk;
    }
    events_.push_back(event);
    now_ = end;
  }
  double now() const { return now_; }

 private:
  std::vector<LaneEvent>& events_;
  double now_ = 0;
};

StepWork work_of(TaskKind kind) {
  switch (kind) {
    case TaskKind::forward:
      return StepWork::forward;
    case TaskKind::backward:
      return StepWork::backward;
    case TaskKind::weight_gradient:
      break;
  }
  return StepWork::weight_gradient;
}

// Where a task's time goes: computation, then its exposed messages.
class TaskLanes {
 public:
  TaskLanes(const PassTimes& chunk, TaskKind kind, bool split) {
    if (kind == TaskKind::weight_gradient) {
      lanes_[0].seconds = chunk.weight_gradient - chunk.weight_messages;
      lanes_[4].seconds = chunk.weight_messages;
      return;
    }
    const bool later = split && kind == TaskKind::backward;
    const PartTimes& parts = kind == TaskKind::forward ? chunk.forward : chunk.backward;
    lanes_[1].seconds = parts[Part::tensor_comm];
    lanes_[2].seconds = parts[Part::context_comm];
    lanes_[3].seconds = parts[Part::expert_comm];
    lanes_[4].seconds = parts[Part::data_comm] - (later ? chunk.weight_messages : 0);
    double messages = 0;
    for (const LaneTime& lane : lanes_) messages += lane.seconds;
    lanes_[0].seconds = parts.sum() - messages - (later ? chunk.weight_gradient : 0);
  }
  void write(Writer& writer, const Task& task) const {
    for (const LaneTime& lane : lanes_) {
      writer.add(lane.lane, work_of(task.kind), writer.now() + lane.seconds, &task);
    }
  }

 private:
  LaneTime lanes_[5] = {
      {Lane::compute, 0}, {Lane::tensor, 0}, {Lane::context, 0}, {Lane::expert, 0}, {Lane::data, 0}};
};

}  // namespace

StepTimeline simulate_step(const Transformer& model, const Plan& plan, const Stack& stack,
                           const System& system) {
  const Stages stages(model, plan, stack, system);
  const PipelineShape& shape = stages.shape();
  std::vector<PassTimes> passes;
  std::vector<ChunkTimes> chunks;
  for (std::int64_t chunk = 0; chunk < shape.chunks(); ++chunk) {
    passes.push_back(stages.chunk(chunk));
    chunks.push_back(chunk_times(passes.back()));
  }
  const PipelineTimeline pipeline = simulate_pipeline(shape, chunks, stages.message());
  const double wait = estimate_step(model, plan, stack, system).parts[Part::straggler];
  const PartTimes once = once_a_step(model, plan, stack, system);

  StepTimeline step;
  step.micro_batches = shape.micro_batches;
  step.pipeline = pipeline.total;
  step.total = pipeline.total + Seconds(wait + once.sum());
  for (const RankTimeline& line : pipeline.ranks) {
    Writer writer(step.ranks.emplace_back());
    for (const TaskSpan& span : line.spans) {
      writer.add(Lane::idle, StepWork::bubble, span.receive.value());
      writer.add(Lane::pipeline, work_of(span.task.kind), span.start.value(), &span.task);
      const PassTimes& chunk = passes[static_cast<std::size_t>(span.task.chunk)];
      TaskLanes(chunk, span.task.kind, shape.splits_backward()).write(writer, span.task);
    }
    writer.add(Lane::idle, StepWork::bubble, pipeline.total.value());
    writer.add(Lane::idle, StepWork::straggler, pipeline.total.value() + wait);
    writer.add(Lane::data, StepWork::gradients, writer.now() + once[Part::data_comm]);
    writer.add(Lane::compute, StepWork::optimizer, step.total.value());
  }
  return step;
}

}  // namespace traincast
