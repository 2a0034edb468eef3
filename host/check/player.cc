#include "host/check/player.h"

#include <algorithm>
#include <ctime>

namespace traincast {
namespace {

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace

void Player::run(const StepOp& op) {
  Prepared* prepared = step_.op(op.op);
  if (prepared == nullptr) return;
  if (clocking_ == Clocking::by_class && marked_.empty()) machine_.backend.mark();
  machine_.backend.enqueue(*prepared);
  ++times_.executed[static_cast<std::size_t>(op.op_class)];
  if (clocking_ == Clocking::whole) return;
  machine_.backend.mark();
  marked_.push_back(op.op_class);
}

void Player::run(const std::vector<StepItem>& items) {
  for (const StepItem& item : items) {
    if (item.is_message) {
      exchange(item.message);
    } else {
      run(item.op);
    }
  }
}

void Player::wait_for_device() {
  const std::vector<Seconds> marks = machine_.backend.synchronize();
  for (std::size_t i = 0; i < marked_.size(); ++i) {
    times_.ops[static_cast<std::size_t>(marked_[i])] += marks[i + 1] - marks[i];
  }
  marked_.clear();
}

void Player::exchange(const StepMessage& message) {
  PreparedStep::MessageSlot& slot = step_.message(message);
  if (!slot.why.empty()) return;
  wait_for_device();
  const Seconds begin = machine_.now();
  slot.communicator->start(*slot.copies[0]);
  times_.tensor.in_flight += slot.communicator->wait(*slot.copies[0]);
  times_.tensor.exposed += machine_.now() - begin;
}

void Player::start(const StepMessage& message) {
  PreparedStep::MessageSlot& slot = step_.message(message);
  if (!slot.why.empty()) return;
  wait_for_device();  // what is sent must have been computed
  const std::size_t copy = slot.next;
  slot.next = (copy + 1) % slot.copies.size();
  const auto same = std::find_if(under_way_.begin(), under_way_.end(), [&](const UnderWay& each) {
    return each.message == message && each.copy == copy;
  });
  if (same != under_way_.end()) {
    under_way_.erase(same);
    finish(message, copy);
  }
  const Seconds begin = machine_.now();
  slot.communicator->start(*slot.copies[copy]);
  times_.data.exposed += machine_.now() - begin;
  under_way_.push_back({message, copy});
}

void Player::start(const std::vector<StepMessage>& messages) {
  for (const StepMessage& message : messages) start(message);
}

void Player::finish(const StepMessage& message, std::size_t copy) {
  PreparedStep::MessageSlot& slot = step_.message(message);
  wait_for_device();
  const Seconds begin = machine_.now();
  times_.data.in_flight += slot.communicator->wait(*slot.copies[copy]);
  times_.data.exposed += machine_.now() - begin;
}

void Player::finish_all() {
  for (const UnderWay& each : std::exchange(under_way_, {})) finish(each.message, each.copy);
}

void Player::forward(std::size_t unit) {
  run(program_.kinds[program_.units[unit]].forward);
}

void Player::backward(std::size_t unit, bool reduce) {
  const StepUnit& kind = program_.kinds[program_.units[unit]];
  run(kind.backward);
  if (reduce) start(kind.reduce_gradients);
}

StepTimes Player::play(Clocking clocking) {
  clocking_ = clocking;
  times_ = {};
  const std::size_t units = program_.units.size();
  const auto kind = [&](std::size_t unit) -> const StepUnit& { return program_.kinds[program_.units[unit]]; };
  machine_.session.barrier();
  const double processor = processor_seconds();
  const Seconds begin = machine_.now();
  for (std::int64_t batch = 0; batch < program_.micro_batches; ++batch) {
    const bool reduce = program_.reduce_every_micro_batch || batch + 1 == program_.micro_batches;
    // Weights of the next unit are gathered while this one computes.
    start(kind(0).gather_weights);
    for (std::size_t unit = 0; unit < units; ++unit) {
      finish_all();
      if (unit + 1 < units) start(kind(unit + 1).gather_weights);
      forward(unit);
    }
    start(kind(units - 1).gather_weights);
    for (std::size_t unit = units; unit-- > 0;) {
      if (program_.reduce_every_micro_batch) finish_all();
      if (unit > 0) start(kind(unit - 1).gather_weights);
      backward(unit, reduce);
    }
  }
  finish_all();
  for (std::size_t unit = 0; unit < units; ++unit) {
    for (const StepOp& op : kind(unit).optimizer) run(op);
  }
  for (std::size_t unit = 0; unit < units; ++unit) start(kind(unit).share_weights);
  finish_all();
  wait_for_device();
  const Seconds elapsed = machine_.now() - begin;
  times_.processor_share = (processor_seconds() - processor) / std::max(1e-9, elapsed.value());
  times_.total = Seconds(machine_.session.max(elapsed.value()));
  return times_;
}

}  // namespace traincast
