// The operations and messages of a step, each distinct one prepared once: equal shapes share their buffers.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/check/step_program.h"
#include "kernels/backend.h"
#include "mpi/communicator.h"
#include "mpi/session.h"

namespace traincast {

// This rank and what it computes and communicates with.
struct RankMachine {
  Backend& backend;
  Communicator& world;  // of all ranks
  Session& session;
  std::function<Seconds()> now;
  std::uint64_t seed = 1;  // of the random operands
};

// One text for all ranks: theirs where they agree, else the first that is not empty, with its rank.
// Collective.
std::string agreed(Session& session, const std::string& mine);

// What cannot run here, and why: a row of the result.
struct Unsupported {
  std::string what;
  OpClass op_class = OpClass::gemm_forward;
  std::string why;
};

class PreparedStep {
 public:
  // Collective. Tensor ranks are innermost. What this backend or fabric cannot run has a reason in place of
  // buffers, the same on all ranks. Throws CommError.
  PreparedStep(RankMachine& machine, const StepProgram& program, const Plan& plan);

  // nullptr where it cannot run. The op must be in the program.
  Prepared* op(const Op& op) const;
  const std::vector<Unsupported>& unsupported() const { return unsupported_; }

  struct MessageSlot {
    StepMessage message;
    Communicator* communicator = nullptr;
    std::array<std::unique_ptr<Prepared>, 2> copies;  // used in turn: two may be under way at once
    std::string why;                                  // it cannot run; else ""
    std::size_t next = 0;
  };
  MessageSlot& message(const StepMessage& message);
  std::vector<MessageSlot>& messages() { return messages_; }
  // nullptr where the group has one rank.
  Communicator* communicator(RankGroup group) const;
  int ranks(RankGroup group) const { return group == RankGroup::tensor ? tensor_ranks_ : data_ranks_; }
  int nodes(RankGroup group) const;

 private:
  void prepare_op(RankMachine& machine, const StepOp& op);
  void prepare_message(const StepMessage& message);

  struct Entry {
    Op op;
    std::unique_ptr<Prepared> prepared;
  };
  std::vector<Entry> ops_;
  std::vector<MessageSlot> messages_;
  std::vector<Unsupported> unsupported_;
  std::unique_ptr<Communicator> own_tensor_, own_data_;
  Communicator* tensor_ = nullptr;
  Communicator* data_ = nullptr;
  int tensor_ranks_ = 1, data_ranks_ = 1, ranks_per_node_ = 1;
};

}  // namespace traincast
