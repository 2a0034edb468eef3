#include "host/risk/deadline.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "host/base/errors.h"
#include "host/base/table.h"
#include "host/calibrate/forecast.h"
#include "host/config/load.h"

namespace traincast {
namespace {

constexpr int kBisections = 22;  // of a range of a few hundred: to a hundred-thousandth

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f %%", std::floor(100 * share + 0.5));
  return text;
}

class Search {
 public:
  Search(const RunConfigs& configs, const std::vector<Override>& set, const UncertaintyOptions& options,
         const std::optional<Profile>& profile)
      : configs_(configs), set_(set), options_(options), profile_(profile) {}

  UncertainRun run(const std::vector<Override>& more) const {
    std::vector<Override> all = set_;
    // What is asked for here holds instead of what was set.
    for (const Override& one : more) {
      std::erase_if(
          all, [&](const Override& other) { return configs_.resolve(other.path, other.option) == one.path; });
    }
    all.insert(all.end(), more.begin(), more.end());
    const EditedRun edited = configs_.with(all);
    Calibrator calibrator(edited.store, profile_);
    const Forecast f = forecast(calibrator, edited.run);
    if (!f.infeasible.empty()) throw InfeasiblePlan(f.run.name + ": " + f.infeasible);
    const std::string set = uncertainty_of_run(edited.store, configs_.file());
    return bind_uncertainty(f, load_gpu(edited.store, f.pace), load_uncertainty(edited.store, set),
                            edited.store);
  }
  std::vector<double> times(const UncertainRun& run) const { return draw_times(run, options_); }

  const std::vector<Override>& set() const { return set_; }

 private:
  const RunConfigs& configs_;
  const std::vector<Override>& set_;
  const UncertaintyOptions& options_;
  const std::optional<Profile>& profile_;
};

Override start_on(Date date) {
  return {"run.start", to_string(date), "--start"};
}

UncertainRun stretched(UncertainRun run, double factor) {
  for (RunPhase& phase : run.phases) {
    phase.step.time *= factor;
    phase.step.parts[Part::straggler] *= factor;
  }
  return run;
}

// The lowest MFU that reaches the chance.
void find_mfu(const Search& search, const UncertainRun& run, const Deadline& deadline,
              DeadlineAnswer& answer) {
  const auto reached = [&](double mfu) {
    return share_within(search.times(stretched(run, deadline.mfu / mfu)), deadline.available) >=
           answer.chance;
  };
  double high = deadline.most_mfu;
  if (!reached(high)) {
    answer.no_mfu = "no MFU does, not even " + percent(high) + ", the peak of the plan's number format";
    return;
  }
  double low = high / 1000;
  for (int i = 0; i < kBisections; ++i) {
    const double middle = std::sqrt(low * high);
    (reached(middle) ? high : low) = middle;
  }
  answer.mfu = high;
}

// The latest start that reaches the chance.
void find_start(const Search& search, const std::vector<double>& times, const Deadline& deadline,
                DeadlineAnswer& answer) {
  if (!deadline.by_date) {  // the run takes as long whenever it starts
    // The shortest time within which so many of the draws are done, that is, one of theirs.
    std::vector<double> sorted = times;
    std::sort(sorted.begin(), sorted.end());
    const double rank = std::ceil(answer.chance * static_cast<double>(sorted.size()) - 1e-9);
    const double needed = sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
    const double days = std::ceil(needed / kSecondsPerDay);
    const auto last = static_cast<double>(deadline.by.day) + 1;
    if (std::isfinite(needed) && days <= last) {
      answer.start = Date{deadline.by.day + 1 - static_cast<std::int64_t>(days)};
    } else {
      answer.no_start = std::isfinite(needed) ? "no start since 1970 does"
                                              : "no start does: so many of the draws do not finish";
    }
    return;
  }
  const auto reached = [&](std::int64_t day) {
    try {
      const std::vector<double> drawn = search.times(search.run({start_on(Date{day})}));
      return share_within(drawn, Date{deadline.by.day + 1} - Date{day}) >= answer.chance;
    } catch (const InfeasiblePlan&) {  // nothing runs from that day on
      return false;
    }
  };
  // Whoever starts later is done later, or at best on the same day.
  std::int64_t low = std::min(deadline.first_day.day, deadline.start.day);
  if (!reached(low)) {
    answer.no_start = "no start does: the site would have had to grow faster";
    return;
  }
  std::int64_t high = deadline.by.day + 1;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (reached(middle) ? low : high) = middle;
  }
  answer.start = Date{low};
}

struct Candidate {
  std::int64_t gpus = 0;
  double chance = 0;
};

std::vector<Candidate> candidates(const Search& search, const RunConfigs& configs,
                                  const std::vector<Override>& start, const Deadline& deadline) {
  std::vector<Candidate> list;
  std::vector<Override> all = search.set();
  all.insert(all.end(), start.begin(), start.end());
  for (const std::int64_t gpus : configs.gpu_counts(all, kMostDeadlineGpus)) {
    std::vector<Override> more = start;
    more.push_back({"gpus", std::to_string(gpus)});
    try {
      const std::vector<double> times = search.times(search.run(more));
      list.push_back({gpus, share_within(times, deadline.available)});
    } catch (const InfeasiblePlan&) {  // does not fit, or never finishes
      list.push_back({gpus, 0});
    } catch (const ConfigError&) {  // more than a cluster that changes by date has
      break;
    }
  }
  return list;
}

void find_gpus(const std::vector<Candidate>& list, DeadlineAnswer& answer) {
  const Candidate* best = nullptr;
  for (const Candidate& one : list) {
    if (best == nullptr || one.chance > best->chance) best = &one;
    if (one.chance < answer.chance) continue;
    answer.gpus = one.gpus;
    return;
  }
  answer.no_gpus = "no number of GPUs does";
  if (best == nullptr || best->chance == 0) return;
  answer.no_gpus += ": the best, " + grouped(best->gpus) + ", reach " + percent(best->chance);
  if (list.back().chance < best->chance) {
    answer.no_gpus += "; more of them share the same batch, fail more often and wait more";
  }
}

}  // namespace

double share_within(const std::vector<double>& times, Seconds available) {
  const auto done =
      std::count_if(times.begin(), times.end(), [&](double time) { return time <= available.value(); });
  return static_cast<double>(done) / static_cast<double>(times.size());
}

Deadline find_deadline(const RunConfigs& configs, const std::vector<Override>& set, Date start, Date by,
                       const std::vector<double>& chances, UncertaintyOptions options,
                       const std::optional<Profile>& profile) {
  // Hundreds of samples: chance enters as the deviation from the mean time, not as a history for each draw.
  options.histories = false;
  const Search search(configs, set, options, profile);
  const UncertainRun run = search.run({start_on(start)});
  const std::vector<double> times = search.times(run);
  Deadline out;
  out.run = run.run.name;
  out.title = run.run.title;
  out.start = start;
  out.by = by;
  out.available = Date{by.day + 1} - start;
  out.chance = share_within(times, out.available);
  out.finishing = share_within(times, Seconds(std::numeric_limits<double>::max()));
  out.seed = options.seed;
  out.draws = times.size();
  out.times = {percentile_with_infinite(times, 0.1), percentile_with_infinite(times, 0.5),
               percentile_with_infinite(times, 0.9)};
  out.mfu = run.step.mfu;
  out.most_mfu = run.pace.peak(gemm_type(run.run.plan.precision)) / run.pace.peak(DataType::bf16);
  out.gpus = run.run.plan.gpus();
  out.by_date = run.run.cluster.timeline.has_value();
  out.first_day = start;
  if (out.by_date && !run.run.cluster.timeline->installed.empty()) {
    out.first_day = run.run.cluster.timeline->installed.front().from;
  }
  const std::vector<Candidate> counts = candidates(search, configs, {start_on(start)}, out);
  for (const double chance : chances) {
    DeadlineAnswer answer;
    answer.chance = chance;
    find_start(search, times, out, answer);
    find_mfu(search, run, out, answer);
    find_gpus(counts, answer);
    out.answers.push_back(std::move(answer));
  }
  return out;
}

}  // namespace traincast
