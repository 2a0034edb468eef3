#include "host/model/simulate_pipeline.h"

#include <algorithm>
#include <stdexcept>

#include "host/base/errors.h"

namespace traincast {
namespace {

constexpr double kNotYet = -1;

class Simulation {
 public:
  Simulation(const PipelineShape& shape, const std::vector<ChunkTimes>& chunks, const ChunkMessage& message)
      : shape_(shape),
        chunks_(chunks),
        latency_(message.time.value() * (1 - message.exposed)),
        exposed_(message.time.value() * message.exposed) {
    const auto passes = static_cast<std::size_t>(shape.micro_batches * shape.chunks());
    forward_.assign(passes, kNotYet);
    backward_.assign(passes, kNotYet);
    for (std::int64_t rank = 0; rank < shape.ranks; ++rank) {
      orders_.push_back(rank_order(shape, rank));
      out_.ranks.emplace_back().spans.reserve(orders_.back().size());
    }
    free_.assign(orders_.size(), 0.0);
  }

  PipelineTimeline run() {
    // Each turn runs every rank as far as what it needs is done; a rank that waits takes part in the next.
    std::size_t left = 0;
    for (const auto& order : orders_) left += order.size();
    while (left > 0) {
      const std::size_t before = left;
      for (std::size_t rank = 0; rank < orders_.size(); ++rank) left -= advance(rank);
      if (left == before) throw std::logic_error("the pipeline schedule waits for itself");
    }
    double total = 0;
    for (const double end : free_) total = std::max(total, end);
    out_.total = Seconds(total);
    for (RankTimeline& rank : out_.ranks) rank.idle = out_.total - rank.busy - rank.receiving;
    return std::move(out_);
  }

 private:
  struct Inputs {
    bool known = true;
    double ready = 0;     // when the message, or its part that hides under computation, is there
    bool remote = false;  // from another rank
  };

  std::size_t index(std::int64_t micro_batch, std::int64_t chunk) const {
    return static_cast<std::size_t>(micro_batch * shape_.chunks() + chunk);
  }
  void need(Inputs& inputs, const std::vector<double>& ends, const Task& task, std::int64_t chunk) const {
    const double end = ends[index(task.micro_batch, chunk)];
    if (end == kNotYet) {
      inputs.known = false;
      return;
    }
    const bool remote =
        shape_.rank_of(task.micro_batch, chunk) != shape_.rank_of(task.micro_batch, task.chunk);
    inputs.remote = inputs.remote || remote;
    inputs.ready = std::max(inputs.ready, end + (remote ? latency_ : 0));
  }
  Inputs inputs_of(const Task& task) const {
    Inputs inputs;
    switch (task.kind) {
      case TaskKind::forward:
        if (task.chunk > 0) need(inputs, forward_, task, task.chunk - 1);
        break;
      case TaskKind::backward:
        need(inputs, forward_, task, task.chunk);
        if (task.chunk + 1 < shape_.chunks()) need(inputs, backward_, task, task.chunk + 1);
        break;
      case TaskKind::weight_gradient:
        need(inputs, backward_, task, task.chunk);
        break;
    }
    return inputs;
  }
  double duration(const Task& task) const {
    const ChunkTimes& chunk = chunks_[static_cast<std::size_t>(task.chunk)];
    switch (task.kind) {
      case TaskKind::forward:
        return chunk.forward.value();
      case TaskKind::backward:
        return (chunk.backward - (shape_.splits_backward() ? chunk.weight_gradient : Seconds())).value();
      case TaskKind::weight_gradient:
        break;
    }
    return chunk.weight_gradient.value();
  }
  void finish(const Task& task, double end) {
    if (task.kind == TaskKind::forward) forward_[index(task.micro_batch, task.chunk)] = end;
    if (task.kind == TaskKind::backward) backward_[index(task.micro_batch, task.chunk)] = end;
  }

  // Runs what can run on a rank; returns how many tasks that were.
  std::size_t advance(std::size_t rank) {
    RankTimeline& line = out_.ranks[rank];
    const std::vector<Task>& order = orders_[rank];
    const std::size_t first = line.spans.size();
    while (line.spans.size() < order.size()) {
      const std::size_t at = line.spans.size();
      std::size_t count = 1;
      while (order[at + count - 1].paired) ++count;
      double begin = free_[rank], work = 0, receive = 0;
      bool known = true;
      for (std::size_t i = at; i < at + count; ++i) {
        // The weight gradients of a whole backward pass need nothing but that pass.
        const bool whole = i > at && order[i].kind == TaskKind::weight_gradient;
        const Inputs inputs = whole ? Inputs{} : inputs_of(order[i]);
        known = known && inputs.known;
        begin = std::max(begin, inputs.ready);
        receive += inputs.remote ? exposed_ : 0;
        work += duration(order[i]);
      }
      if (!known) break;
      const double start = begin + receive, end = start + work;
      for (std::size_t i = at; i < at + count; ++i) {
        finish(order[i], end);
        line.spans.push_back({order[i], Seconds(begin), Seconds(start), Seconds(end)});
      }
      line.busy += Seconds(work);
      line.receiving += Seconds(receive);
      free_[rank] = end;
    }
    return line.spans.size() - first;
  }

  const PipelineShape& shape_;
  const std::vector<ChunkTimes>& chunks_;
  double latency_, exposed_;
  std::vector<std::vector<Task>> orders_;
  std::vector<double> forward_, backward_;  // ends by micro-batch and chunk
  std::vector<double> free_;                // by rank
  PipelineTimeline out_;
};

}  // namespace

PipelineTimeline simulate_pipeline(const PipelineShape& shape, const std::vector<ChunkTimes>& chunks,
                                   const ChunkMessage& message) {
  if (const std::string why = why_no_schedule(shape); !why.empty()) throw InfeasiblePlan(why);
  if (chunks.size() != static_cast<std::size_t>(shape.chunks())) {
    throw std::logic_error("times of " + std::to_string(chunks.size()) + " chunks for a pipeline of " +
                           std::to_string(shape.chunks()));
  }
  return Simulation(shape, chunks, message).run();
}

}  // namespace traincast
