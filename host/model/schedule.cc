#include "host/model/schedule.h"

#include <algorithm>

#include "host/base/errors.h"

namespace traincast {
namespace {

// Collects the tasks of one rank; micro-batches beyond the step's own are left out.
class Order {
 public:
  explicit Order(std::int64_t micro_batches) : micro_batches_(micro_batches) {}
  void add(std::int64_t micro_batch, std::int64_t chunk, TaskKind kind) {
    if (micro_batch >= micro_batches_) return;
    tasks_.push_back({static_cast<std::int32_t>(micro_batch), static_cast<std::int32_t>(chunk), kind, false});
  }
  std::vector<Task>& tasks() { return tasks_; }

 private:
  std::int64_t micro_batches_;
  std::vector<Task> tasks_;
};

// Forward passes ahead of the first backward pass, then one of each in turn. Megatron's virtual stages: slot
// k of a rank is chunk (k / p) mod v (counted from the end for backward passes) of micro-batch p (k / pv) + k
// mod p.
std::vector<Task> alternate(const PipelineShape& shape, std::int64_t rank) {
  const std::int64_t p = shape.ranks, v = shape.virtual_stages;
  const std::int64_t groups = (shape.micro_batches + p - 1) / p;
  const std::int64_t slots = v > 1 ? groups * p * v : shape.micro_batches;
  const std::int64_t ahead = v > 1 ? 2 * (p - rank - 1) + (v - 1) * p : p - rank - 1;
  Order order(shape.micro_batches);
  const auto slot = [&](std::int64_t k, TaskKind kind) {
    if (k < 0 || k >= slots) return;
    if (v == 1) return order.add(k, rank, kind);
    const std::int64_t layer = k / p % v;
    const std::int64_t local = kind == TaskKind::forward ? layer : v - 1 - layer;
    order.add(k / (p * v) * p + k % p, local * p + rank, kind);
  };
  for (std::int64_t k = -ahead; k < slots; ++k) {
    slot(k + ahead, TaskKind::forward);
    slot(k, TaskKind::backward);
  }
  return order.tasks();
}

// As 1F1B, with the weight gradients of rank s put off by s micro-batches, so that every rank keeps the
// activations of p micro-batches and fills its end with them.
std::vector<Task> zero_bubble(const PipelineShape& shape, std::int64_t rank) {
  const std::int64_t m = shape.micro_batches;
  const std::int64_t ahead = shape.ranks - rank - 1;
  Order order(m);
  for (std::int64_t k = -ahead; k < m; ++k) {
    order.add(k + ahead, rank, TaskKind::forward);
    if (k >= 0) order.add(k, rank, TaskKind::backward);
    if (k >= rank) order.add(k - rank, rank, TaskKind::weight_gradient);
  }
  for (std::int64_t k = std::max<std::int64_t>(0, m - rank); k < m; ++k) {
    order.add(k, rank, TaskKind::weight_gradient);
  }
  return order.tasks();
}

// One rank of DualPipe: two directions, "near" the one that starts at this rank's end of the pipeline.
class DualPipeRank {
 public:
  DualPipeRank(const PipelineShape& shape, std::int64_t rank) : shape_(shape), rank_(rank) {}

  std::vector<Task> order() {
    const std::int64_t p = shape_.ranks;
    const std::int64_t depth = std::min(rank_, p - 1 - rank_);  // distance from the nearer end
    const std::int64_t inner = p / 2 - 1 - depth;               // distance from the middle
    const std::int64_t half = std::max(p, (shape_.micro_batches + 1) / 2);
    for (std::int64_t i = 0; i < 2 * inner; ++i) forward(kNear);
    for (std::int64_t i = 0; i <= depth; ++i) {
      forward(kNear);
      forward(kFar);
    }
    for (std::int64_t i = 0; i < inner; ++i) {
      backward(kFar, true);
      weight();
      forward(kFar);
    }
    for (std::int64_t i = 0; i < half - p + depth + 1; ++i) {
      both(kNear, kFar, i > 0 || inner > 0);  // apart, the first of the middle ranks starts earlier
      both(kFar, kNear, true);
    }
    for (std::int64_t i = 0; i < inner; ++i) {
      backward(kFar, false);
      both(kFar, kNear, true);
    }
    // Half of these put off their weight gradients, to fill what follows.
    const std::int64_t turn = (depth + 1) / 2;
    for (std::int64_t i = 0; i <= depth; ++i) {
      backward(kFar, i > turn || (i == turn && depth % 2 == 1));
      backward(kNear, i >= turn);
    }
    for (std::int64_t i = 0; i < inner; ++i) {
      weight();
      backward(kNear, true);
    }
    while (next_weight_ < deferred_.size()) weight();
    return tasks_;
  }

 private:
  static constexpr std::size_t kNear = 0, kFar = 1;

  // The count-th micro-batch of a direction, or none beyond the step's own.
  bool task(std::size_t direction, std::int64_t count, Task& out) const {
    const bool mirrored = (direction == kNear) == (rank_ >= shape_.ranks / 2);
    const std::int64_t first = (shape_.micro_batches + 1) / 2;
    const std::int64_t own = mirrored ? shape_.micro_batches - first : first;
    if (count >= own) return false;
    out.micro_batch = static_cast<std::int32_t>(mirrored ? first + count : count);
    out.chunk = static_cast<std::int32_t>(mirrored ? shape_.ranks - 1 - rank_ : rank_);
    return true;
  }
  bool forward(std::size_t direction) {
    Task next;
    if (!task(direction, forwards_[direction]++, next)) return false;
    tasks_.push_back(next);
    return true;
  }
  bool backward(std::size_t direction, bool defer) {
    Task next{.kind = TaskKind::backward};
    if (!task(direction, backwards_[direction]++, next)) return false;
    next.paired = !defer;  // layer by layer, both gradients at once: the message leaves at the end
    tasks_.push_back(next);
    next.paired = false;
    next.kind = TaskKind::weight_gradient;
    (defer ? deferred_ : tasks_).push_back(next);
    return true;
  }
  void both(std::size_t forwards, std::size_t backwards, bool together) {
    const std::size_t at = tasks_.size();
    const bool pair = forward(forwards) && together;
    if (backward(backwards, false) && pair) tasks_[at].paired = true;
  }
  void weight() {
    if (next_weight_ < deferred_.size()) tasks_.push_back(deferred_[next_weight_++]);
  }

  const PipelineShape& shape_;
  std::int64_t rank_;
  std::int64_t forwards_[2] = {}, backwards_[2] = {};
  std::vector<Task> tasks_, deferred_;
  std::size_t next_weight_ = 0;
};

}  // namespace

std::int64_t PipelineShape::rank_of(std::int64_t micro_batch, std::int64_t chunk) const {
  return is_mirrored(micro_batch) ? ranks - 1 - chunk : chunk % ranks;
}

PipelineShape pipeline_shape(const Plan& plan) {
  PipelineShape shape{.schedule = plan.schedule, .ranks = plan.pipeline_parallel};
  shape.micro_batches = plan.global_batch / (plan.micro_batch * plan.data_parallel);
  if (shape.schedule == Schedule::one_f_one_b || shape.schedule == Schedule::interleaved) {
    const bool several = plan.virtual_stages > 1 && plan.pipeline_parallel > 1;
    shape.schedule = several ? Schedule::interleaved : Schedule::one_f_one_b;
    if (several) shape.virtual_stages = plan.virtual_stages;
  }
  return shape;
}

std::string why_no_schedule(const PipelineShape& shape) {
  if (shape.ranks < 1 || shape.virtual_stages < 1 || shape.micro_batches < 1) {
    return "a pipeline needs at least one rank, one chunk and one micro-batch";
  }
  if (shape.virtual_stages > 1 && shape.schedule != Schedule::interleaved) {
    return "schedule \"" + std::string(name(shape.schedule)) + "\" has one chunk a rank, not " +
           std::to_string(shape.virtual_stages);
  }
  if (shape.schedule == Schedule::dual_pipe && shape.ranks % 2 != 0 && shape.ranks > 1) {
    return "schedule \"dualpipe\" needs an even number of pipeline ranks, not " + std::to_string(shape.ranks);
  }
  return {};
}

std::vector<Task> rank_order(const PipelineShape& shape, std::int64_t rank) {
  if (const std::string why = why_no_schedule(shape); !why.empty()) throw InfeasiblePlan(why);
  if (shape.schedule == Schedule::zb_h1) return zero_bubble(shape, rank);
  if (shape.schedule == Schedule::dual_pipe) {
    return shape.ranks > 1 ? DualPipeRank(shape, rank).order() : zero_bubble(shape, rank);
  }
  return alternate(shape, rank);
}

}  // namespace traincast
