#include "host/model/schedule_time.h"

#include <algorithm>

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

}  // namespace

void AlternatingTime::add(const PassWork& pass) {
  const std::int64_t p = shape_.ranks, v = shape_.virtual_stages, m = shape_.micro_batches;
  if (local_ == 0) work_ = ahead_ = lower_ = {};
  const std::int64_t slots = v > 1 ? 2 * (p - rank_ - 1) + (v - 1) * p + 1 : p - rank_;
  const std::int64_t count =
      std::min(m, slots / (p * v) * p + std::clamp<std::int64_t>(slots % (p * v) - local_ * p, 0, p));
  work_.add(pass);
  all_.add(pass);
  ahead_.add(pass, d(count));
  if (local_ == 0) first_ = pass;
  if (++local_ < v) return lower_.add(pass);
  last_ = pass;
  last_before_.add(pass);
  finish_rank(slots < m * v);
  before_.add(first_);
  slowest_before_.forward = std::max(slowest_before_.forward, first_.forward);
  slowest_before_.backward = std::max(slowest_before_.backward, first_.backward);
  local_ = 0;
  ++rank_;
}

void AlternatingTime::finish_rank(bool has_both) {
  const std::int64_t p = shape_.ranks, v = shape_.virtual_stages, m = shape_.micro_batches;
  const double here = d(rank_), past = d(p - 1 - rank_), through = d(shape_.chunks() - 1);
  const double busy = d(m) * work_.sum();
  PassWork fill = before_;
  fill.forward += here * latency_;
  fill.backward += here * latency_;
  if (v > 1) {
    const double group = d(std::min(p, m) - 1);
    fill.forward += group * std::max(0.0, slowest_before_.forward - first_.forward);
    fill.backward += group * std::max(0.0, slowest_before_.backward - first_.backward);
    const double first_group = d(std::min(p, m)), last_group = d(m - (m - 1) / p * p);
    const double hops = (through - past) * latency_;
    const double in = last_before_.forward - last_.forward - first_group * lower_.forward + hops;
    const double out = last_before_.backward - last_.backward - last_group * lower_.backward + hops;
    in_chain_ = std::max(in_chain_, busy + in + fill.backward);
    out_chain_ = std::max(out_chain_, busy + out + fill.forward);
    chains_ = std::max(chains_, busy + in + out);
  }
  resource_ = std::max(resource_, busy + fill.sum());
  const double beyond = (through + past) * latency_;
  down_ = std::max(down_, busy - ahead_.forward - last_before_.backward + fill.backward + beyond);
  up_ = std::max(up_, busy - ahead_.backward - last_before_.forward + fill.forward + beyond);
  if (has_both) both_ = std::max(both_, busy - ahead_.sum() - last_before_.sum() + 2 * beyond);
}

double AlternatingTime::total() const {
  const double in = all_.forward - last_before_.forward, out = all_.backward - last_before_.backward;
  const double down = down_ + all_.forward + last_before_.backward;
  const double up = up_ + all_.backward + last_before_.forward;
  const double both = both_ + all_.sum() + last_before_.sum();
  return std::max({resource_, down, up, both, in_chain_ + in, out_chain_ + out, chains_ + in + out});
}

void ZeroBubbleTime::add(const PassWork& pass, double weight_gradient) {
  const std::int64_t p = shape_.ranks, m = shape_.micro_batches, s = rank_++;
  const double busy = d(m) * (pass.sum() + weight_gradient);
  const double put_off = d(std::min(m, s + 1)) * weight_gradient;
  // Ends on this rank, or on one before it, which the last backward pass reaches by then.
  const double end = std::max(0.0, before_.backward + tail_ - put_off);
  const double ahead = d(std::min(m, p - s));
  const double down = -ahead * pass.forward - before_.backward - pass.backward;
  all_.add(pass);
  const double up =
      -ahead * pass.backward - d(std::min(m, p)) * weight_gradient - before_.forward - pass.forward;
  from_start_ = std::max(from_start_, busy + before_.forward + end);
  from_down_ = std::max(from_down_, busy + down + end);
  to_up_ = std::max(to_up_, busy + before_.forward + up);
  if (m > p - s) down_to_up_ = std::max(down_to_up_, busy + down + up);
  tail_ = std::max(tail_, put_off - before_.backward);
  before_.add(pass);
}

double ZeroBubbleTime::total() const {
  const double up = all_.sum() + tail_;
  return std::max({from_start_, from_down_ + all_.sum(), to_up_ + up, down_to_up_ + all_.sum() + up});
}

DualPipeTime::DualPipeTime(const PipelineShape& shape)
    : ranks_(d(shape.ranks)), micro_batches_(d((shape.micro_batches + 1) / 2 * 2)) {
  const double steps = ranks_ / 2 - 1;
  for (const bool at_end : {false, true}) {
    Place& place = places_[at_end ? 1 : 0];
    place.slack = std::min(micro_batches_, (at_end ? 2 : 0.5) * (ranks_ - 1));
    place.bubbles = {{{2 * steps, 0, 0}, {2 * steps, steps, -steps}, {steps - 1, 2 * steps, -steps}}};
    for (Bubble& bubble : place.bubbles) {
      bubble.forward += place.slack;
      bubble.backward += place.slack;
      bubble.weight_gradient += place.slack;
    }
  }
}

void DualPipeTime::add(const PassWork& pass, double weight_gradient, std::int64_t ranks) {
  const bool at_end = added_ == 0 || added_ + ranks == static_cast<std::int64_t>(ranks_);
  added_ += ranks;
  all_.add(pass, d(ranks));
  weight_gradients_ += d(ranks) * weight_gradient;
  const double work = pass.sum() + weight_gradient;
  busiest_ = std::max(busiest_, work);
  if (ranks_ <= 2) return;
  // The others: all but this rank and the one across the middle, which holds the same two chunks.
  Place& place = places_[at_end ? 1 : 0];
  for (std::size_t i = 0; i < kBubbles; ++i) {
    const double own = (micro_batches_ - place.slack) * work;
    place.longest[i] =
        std::max(place.longest[i], own - 2 * place.bubbles[i].of(pass, weight_gradient) / (ranks_ - 2));
  }
}

double DualPipeTime::total() const {
  double longest = micro_batches_ * busiest_;
  if (ranks_ <= 2) return longest;
  for (const Place& place : places_) {
    for (std::size_t i = 0; i < kBubbles; ++i) {
      longest =
          std::max(longest, place.longest[i] + place.bubbles[i].of(all_, weight_gradients_) / (ranks_ - 2));
    }
  }
  return longest;
}

PipelineTime::PipelineTime(const PipelineShape& shape, const ChunkMessage& message)
    : shape_(shape),
      exposed_(shape.ranks > 1 ? message.time.value() * message.exposed : 0),
      alternating_(shape, shape.ranks > 1 ? message.time.value() * (1 - message.exposed) : 0),
      zero_bubble_(shape),
      dual_pipe_(shape) {}

void PipelineTime::add(const ChunkTimes& chunk) {
  const std::int64_t place = added_ % shape_.virtual_stages * shape_.ranks + added_ / shape_.virtual_stages;
  ++added_;
  const double weight = shape_.splits_backward() ? chunk.weight_gradient.value() : 0;
  const bool first = place == 0, last = place + 1 == shape_.chunks();
  const PassWork pass{chunk.forward.value() + (first ? 0 : exposed_),
                      chunk.backward.value() - weight + (last ? 0 : exposed_)};
  switch (shape_.schedule) {
    case Schedule::one_f_one_b:
    case Schedule::interleaved:
      return alternating_.add(pass);
    case Schedule::zb_h1:
      return zero_bubble_.add(pass, weight);
    case Schedule::dual_pipe:
      return dual_pipe_.add(pass, weight);
  }
}

Seconds PipelineTime::total() const {
  switch (shape_.schedule) {
    case Schedule::one_f_one_b:
    case Schedule::interleaved:
      break;
    case Schedule::zb_h1:
      return Seconds(zero_bubble_.total());
    case Schedule::dual_pipe:
      return Seconds(dual_pipe_.total());
  }
  return Seconds(alternating_.total());
}

}  // namespace traincast
