#include "host/check/prepared_step.h"

#include <algorithm>
#include <exception>

#include "host/base/errors.h"

namespace traincast {

std::string agreed(Session& session, const std::string& mine) {
  const std::vector<std::string> texts = session.all_gather(mine);
  const bool same =
      std::all_of(texts.begin(), texts.end(), [&](const std::string& text) { return text == texts[0]; });
  return same ? mine : first_failure(session, mine);
}

PreparedStep::PreparedStep(RankMachine& machine, const StepProgram& program, const Plan& plan) {
  const int tensor = static_cast<int>(plan.tensor_parallel);
  const int size = machine.session.size();
  tensor_ranks_ = tensor;
  data_ranks_ = size / tensor;
  ranks_per_node_ = machine.session.local_size();
  if (tensor == size && size > 1) {
    tensor_ = &machine.world;
  } else if (tensor == 1 && size > 1) {
    data_ = &machine.world;
  } else if (size > 1) {
    const int rank = machine.session.rank();
    own_tensor_ = machine.world.split(rank / tensor, rank);
    own_data_ = machine.world.split(rank % tensor, rank);
    tensor_ = own_tensor_.get();
    data_ = own_data_.get();
  }
  for (const auto& [op, count] : counted_ops(program)) prepare_op(machine, op);
  for (const auto& [message, count] : counted_messages(program)) prepare_message(message);
}

void PreparedStep::prepare_op(RankMachine& machine, const StepOp& op) {
  const bool known =
      std::any_of(ops_.begin(), ops_.end(), [&op](const Entry& entry) { return entry.op == op.op; });
  if (known) return;
  Entry& entry = ops_.emplace_back(Entry{op.op, nullptr});
  std::string why = agreed(machine.session, machine.backend.why_unsupported(op.op));
  if (why.empty()) {
    try {
      entry.prepared = machine.backend.prepare(op.op, machine.seed);
    } catch (const std::exception& error) {
      why = error.what();
    }
    why = agreed(machine.session, why);
  }
  if (why.empty()) return;
  entry.prepared = nullptr;
  unsupported_.push_back({to_string(op.op), op.op_class, why});
}

void PreparedStep::prepare_message(const StepMessage& message) {
  MessageSlot slot;
  slot.message = message;
  slot.communicator = communicator(message.group);
  slot.why = slot.communicator->why_unsupported(message.collective);
  // Messages that the computation waits for are never under way twice.
  const std::size_t copies = message.group == RankGroup::tensor ? 1 : 2;
  try {
    for (std::size_t i = 0; i < copies && slot.why.empty(); ++i) {
      slot.copies[i] = slot.communicator->prepare_in_place(message.collective, message.size, message.dtype);
    }
  } catch (const CommError& error) {  // on all ranks alike
    slot.why = error.what();
  }
  messages_.push_back(std::move(slot));
}

Prepared* PreparedStep::op(const Op& op) const {
  for (const Entry& entry : ops_) {
    if (entry.op == op) return entry.prepared.get();
  }
  return nullptr;
}

PreparedStep::MessageSlot& PreparedStep::message(const StepMessage& message) {
  return *std::find_if(messages_.begin(), messages_.end(),
                       [&message](const MessageSlot& slot) { return slot.message == message; });
}

// Neighbours are on one host.
int PreparedStep::nodes(RankGroup group) const {
  const int stride = group == RankGroup::tensor ? 1 : tensor_ranks_;
  const int per_node = std::clamp(ranks_per_node_ / stride, 1, ranks(group));
  return (ranks(group) + per_node - 1) / per_node;
}

Communicator* PreparedStep::communicator(RankGroup group) const {
  return group == RankGroup::tensor ? tensor_ : data_;
}

}  // namespace traincast
