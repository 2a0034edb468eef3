#include "host/measure/meter.h"

#include <algorithm>
#include <exception>

#include "host/base/errors.h"
#include "host/base/statistics.h"

namespace traincast {
namespace {

constexpr double kShortestTime = 1e-12;  // what a profile accepts

Timing skipped(std::string reason) {
  Timing timing;
  timing.skipped = std::move(reason);
  return timing;
}

}  // namespace

Meter::Meter(Backend& backend, Communicator& communicator, Session& session, const SamplingPolicy& policy,
             Seconds longest_execution, std::function<Seconds()> now, std::uint64_t seed)
    : backend_(backend),
      communicator_(communicator),
      session_(session),
      policy_(policy),
      longest_(longest_execution),
      now_(std::move(now)),
      seed_(seed) {}

Seconds Meter::now() const {
  return Seconds(session_.max(now_().value()));
}

std::string Meter::agreed(const std::string& mine) {
  const std::vector<std::string> texts = session_.all_gather(mine);
  const bool same =
      std::all_of(texts.begin(), texts.end(), [&](const auto& text) { return text == texts[0]; });
  return same ? mine : first_failure(session_, mine);
}

std::string Meter::why_not(const Op& op) {
  if (std::string why = agreed(backend_.why_unsupported(op)); !why.empty()) return why;
  if (best_flop_rate_ <= 0) return "";
  const Seconds expected(work(op).flops.value() / best_flop_rate_);
  if (expected <= longest_) return "";
  return "would take about " + to_string(expected) + " at the best rate seen here, more than the " +
         to_string(longest_) + " that one execution may";
}

// Ops that take hardly longer than the shortest say nothing of the device's rate.
void Meter::learn(const Op& op, Seconds time) {
  const double seconds = time.value();
  if (shortest_s_ == 0 || seconds < shortest_s_) shortest_s_ = seconds;
  if (seconds <= 2 * shortest_s_) return;
  best_flop_rate_ = std::max(best_flop_rate_, work(op).flops.value() / (seconds - shortest_s_));
}

Samples Meter::take(const std::function<Seconds(int)>& time, bool flush) {
  Sampled sampled;
  sampled.time = time;
  sampled.agree = [this](double value) { return session_.max(value); };
  sampled.now = now_;
  if (flush && policy_.flush_cache) sampled.before_sample = [this] { backend_.flush_cache(); };
  return sample(policy_, sampled);
}

Timing Meter::time(const Op& op) {
  if (std::string why = why_not(op); !why.empty()) return skipped(std::move(why));
  std::unique_ptr<Prepared> prepared;
  std::string failure;
  try {
    prepared = backend_.prepare(op, seed_);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (failure = agreed(failure); !failure.empty()) return skipped(std::move(failure));
  const Samples samples = take([&](int repeats) { return backend_.time(*prepared, repeats); }, true);
  Timing timing;
  const std::vector<double> medians = session_.all_gather(samples.median.value());
  timing.median = Seconds(median(medians));
  if (timing.median.value() < kShortestTime) return skipped("too short for the clock");
  timing.samples_s = samples.seconds;
  if (session_.size() > 1) timing.rank_medians_s = medians;
  learn(op, timing.median);
  return timing;
}

CollectiveRow Meter::row_of(const Message& message) const {
  return {.collective = message.collective,
          .message = message.size,
          .dtype = message.dtype,
          .ranks = session_.size(),
          .nodes = session_.nodes()};
}

CollectiveRow Meter::time(const Message& message) {
  CollectiveRow row = row_of(message);
  row.timing.skipped = agreed(communicator_.why_unsupported(message.collective));
  if (!row.timing.skipped.empty()) return row;
  std::unique_ptr<Prepared> prepared;
  try {
    prepared = communicator_.prepare(message.collective, message.size, message.dtype);
  } catch (const CommError& error) {  // on all ranks alike
    row.timing.skipped = error.what();
    return row;
  }
  row.message = communicator_.message(*prepared);
  if (const std::string wrong = communicator_.verify(*prepared); !wrong.empty()) {
    failures_.push_back(wrong);
    row.timing.skipped = "wrong result: " + wrong;
    return row;
  }
  row.verified = true;
  // Already the slowest rank's time, so there is nothing to keep by rank.
  const Samples samples = take([&](int repeats) { return communicator_.time(*prepared, repeats); }, false);
  if (samples.median.value() < kShortestTime) {
    row.timing.skipped = "too short for the clock";
    return row;
  }
  row.timing.median = samples.median;
  row.timing.samples_s = samples.seconds;
  return row;
}

}  // namespace traincast
