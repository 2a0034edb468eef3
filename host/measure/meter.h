// Times one operation or one message on all ranks at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/profile.h"
#include "host/measure/sampler.h"
#include "host/measure/soak.h"
#include "host/measure/sweep.h"
#include "host/measure/tiers.h"
#include "kernels/backend.h"
#include "mpi/communicator.h"
#include "mpi/job_watch.h"
#include "mpi/session.h"

namespace traincast {

struct MeterOptions {
  Effort effort = Effort::normal;
  std::function<Seconds()> now = steady_now;
  std::uint64_t seed = 1;  // of the random operands
  Watch* watch = nullptr;  // told what is under way
};

inline constexpr std::string_view kWrongResult = "wrong result: ";

// What one op and one message do to one another.
struct Interference {
  CollectiveRow message;  // during the op
  OpRow op;               // during the message
};

// Every member is collective: all ranks make the same calls in the same order, and get the same medians,
// reasons and verdicts. What cannot run is a Timing with the reason. A failure while the clock runs is an
// exception that names rank, host and what was timed, because ranks would wait for one another.
class Meter {
 public:
  Meter(Backend& backend, Session& session, MeterOptions options);

  // `sustained`: the op itself runs until its time has settled, and samples follow without a pause. With more
  // than one of a library's `algorithms` for a GEMM the best of so many has a figure of its own.
  OpRow time(const Op& op, bool sustained, int algorithms = 1);
  HostOpRow time(const HostOp& op);
  // Verified first; a wrong result is not timed: its row's reason begins with kWrongResult.
  CollectiveRow time(const Message& message, const Tier& tier);
  // Each alone, then each while the other runs over and over.
  Interference beside(const Message& message, const Tier& tier, const Op& op);
  // Runs the op until the device's clock has settled.
  Soak warm(const Op& op);

  static CollectiveRow row_of(const Message& message, const Tier& tier);  // with everything but a time
  // As if the op had just been timed: what later ones may be expected to take depends on it.
  void learn(const Op& op, Seconds time);

  Seconds now() const;  // the latest clock of all ranks

 private:
  struct Ready;  // a message, prepared and verified

  // One text for all ranks: theirs where they agree, else the first that is not empty, with its rank.
  std::string agreed(const std::string& mine);
  template <typename Operation>
  std::string refusal(const Operation& op);
  std::string why_not(const Op& op);
  // The prepared op, or a null pointer and why, agreed.
  std::unique_ptr<Prepared> prepare(const std::function<std::unique_ptr<Prepared>()>& make, std::string& why);
  Ready prepare(const Message& message, const Tier& tier);
  // Runs `work`, and names this rank and what it does in whatever is thrown.
  Seconds named(bool own, const std::function<Seconds()>& work);
  Samples take(const SamplingPolicy& policy, const std::function<Seconds(int)>& time, bool flush);
  Samples take_op(Prepared& prepared, bool sustained);
  // The slowest group's time for that many calls, agreed by all ranks.
  Seconds time_message(Ready& ready, const Tier& tier, int repeats);
  Timing timing_of(const Samples& samples);
  void time_best(const Op& op, int algorithms, OpRow& row);

  Backend& backend_;
  Session& session_;
  MeterOptions options_;
  SamplingPolicy policy_;
  Seconds longest_;
  Watch nobody_;
  Watch& watch_;
  std::string what_;           // is under way, for errors
  double shortest_s_ = 0;      // of the ops timed so far: mostly launch; 0 before the first
  double best_flop_rate_ = 0;  // FLOP/s beyond the launch: what the next op may be expected to reach
};

}  // namespace traincast
