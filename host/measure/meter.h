// Times one operation or one message on all ranks at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/config/profile.h"
#include "host/measure/sampler.h"
#include "host/measure/sweep.h"
#include "kernels/backend.h"
#include "mpi/communicator.h"
#include "mpi/session.h"

namespace traincast {

// Every member is collective: all ranks make the same calls in the same order, and get the same medians,
// reasons and verdicts. What cannot run is a Timing with the reason. A failure while the clock runs is an
// exception, because ranks would wait for one another.
class Meter {
 public:
  Meter(Backend& backend, Communicator& communicator, Session& session, const SamplingPolicy& policy,
        Seconds longest_execution, std::function<Seconds()> now, std::uint64_t seed);

  Timing time(const Op& op);
  // Verified first; a wrong result is not timed, and is also counted as a failure.
  CollectiveRow time(const Message& message);

  CollectiveRow row_of(const Message& message) const;  // with everything but a time

  Seconds now() const;  // the latest clock of all ranks
  // "all_reduce ...: first wrong element" for each message with a wrong result.
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  // One text for all ranks: theirs where they agree, else the first that is not empty, with its rank.
  std::string agreed(const std::string& mine);
  std::string why_not(const Op& op);
  void learn(const Op& op, Seconds time);
  Samples take(const std::function<Seconds(int)>& time, bool flush);

  Backend& backend_;
  Communicator& communicator_;
  Session& session_;
  SamplingPolicy policy_;
  Seconds longest_;
  std::function<Seconds()> now_;
  std::uint64_t seed_;
  double shortest_s_ = 0;      // of the ops timed so far: mostly launch; 0 before the first
  double best_flop_rate_ = 0;  // FLOP/s beyond the launch: what the next op may be expected to reach
  std::vector<std::string> failures_;
};

}  // namespace traincast
