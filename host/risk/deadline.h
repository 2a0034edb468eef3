// Will a run be done by a day, and what would make it so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/date.h"
#include "host/config/override.h"
#include "host/config/profile.h"
#include "host/risk/uncertainty.h"

namespace traincast {

// What alone would reach a chance; none where nothing does, and then why.
struct DeadlineAnswer {
  double chance = 0;
  std::optional<Date> start;
  std::string no_start;
  std::optional<double> mfu;  // of a step, against the dense BF16 peak
  std::string no_mfu;
  std::optional<std::int64_t> gpus;
  std::string no_gpus;
};

struct Deadline {
  std::string run, title;
  Date start, by;
  Seconds available;  // from the start of the first day to the end of the last
  double chance = 0;  // share of the draws that are done by then
  double finishing = 1;
  std::uint64_t seed = 0, draws = 0;
  Percentiles times;    // seconds; infinite where the run does not finish that often
  double mfu = 0;       // as estimated
  double most_mfu = 1;  // that the plan's number format could reach: its peak over that of BF16
  std::int64_t gpus = 0;
  bool by_date = false;  // the cluster changes by date
  Date first_day;        // then: on which something stands there
  std::vector<DeadlineAnswer> answers;
};

// GPU counts beyond are not looked at.
inline constexpr std::int64_t kMostDeadlineGpus = 1'048'576;

// All chances are shares of the same draws (common random numbers). The start holds instead of the run's own.
// How failures fall enters as a deviation from the mean time (see Chance), whatever options.histories says.
// `by` is not before `start`. Throws as RunConfigs::with, and InfeasiblePlan where the run has no estimate.
Deadline find_deadline(const RunConfigs& configs, const std::vector<Override>& set, Date start, Date by,
                       const std::vector<double>& chances, UncertaintyOptions options,
                       const std::optional<Profile>& profile);

// Share of the times that are no longer than this.
double share_within(const std::vector<double>& times, Seconds available);

}  // namespace traincast
