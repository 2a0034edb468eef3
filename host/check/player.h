// Plays a training step: forward and backward of each micro-batch, gradients reduced beneath the backward
// pass, optimiser, weights shared. Values are of no use; shapes, order and messages are those of training.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "host/check/prepared_step.h"

namespace traincast {

struct MessageTimes {
  Seconds exposed;    // that the computation waited, or a message took to start
  Seconds in_flight;  // from start to end, hidden or not
};

struct StepTimes {
  Seconds total;                          // of the slowest rank
  std::array<Seconds, kOpClasses> ops{};  // of this rank; zero in a plain play
  std::array<std::int64_t, kOpClasses> executed{};
  MessageTimes tensor, data;
  double processor_share = 0;  // processor time of this process over the time that passed
};

enum class Clocking { whole, by_class };

// Holds references. Collective.
class Player {
 public:
  Player(RankMachine& machine, PreparedStep& step, const StepProgram& program)
      : machine_(machine), step_(step), program_(program) {}

  // `by_class` puts a time stamp behind every operation; otherwise only the whole step is timed, and the
  // device is waited for only where a message needs a result.
  StepTimes play(Clocking clocking);

 private:
  void run(const StepOp& op);
  void run(const std::vector<StepItem>& items);
  void wait_for_device();
  void exchange(const StepMessage& message);  // started and waited for
  void start(const StepMessage& message);
  void start(const std::vector<StepMessage>& messages);
  void finish(const StepMessage& message, std::size_t copy);
  void finish_all();
  void forward(std::size_t unit);
  void backward(std::size_t unit, bool reduce);

  RankMachine& machine_;
  PreparedStep& step_;
  const StepProgram& program_;
  Clocking clocking_ = Clocking::whole;
  StepTimes times_;
  std::vector<OpClass> marked_;  // of the ops since the first mark
  struct UnderWay {
    StepMessage message;
    std::size_t copy = 0;
  };
  std::vector<UnderWay> under_way_;  // oldest first
};

}  // namespace traincast
