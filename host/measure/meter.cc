#include "host/measure/meter.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "host/base/errors.h"
#include "host/base/statistics.h"
#include "host/measure/device_state.h"

namespace traincast {
namespace {

constexpr double kShortestTime = 1e-12;  // what a profile accepts
constexpr const char* kTooShort = "too short for the clock";

}  // namespace

Meter::Meter(Backend& backend, Session& session, MeterOptions options)
    : backend_(backend),
      session_(session),
      options_(std::move(options)),
      policy_(sampling_policy(options_.effort)),
      longest_(longest_execution(options_.effort)),
      watch_(options_.watch == nullptr ? nobody_ : *options_.watch) {}

Seconds Meter::now() const {
  return Seconds(session_.max(options_.now().value()));
}

std::string Meter::agreed(const std::string& mine) {
  const std::vector<std::string> texts = session_.all_gather(mine);
  const bool same =
      std::all_of(texts.begin(), texts.end(), [&](const auto& text) { return text == texts[0]; });
  return same ? mine : first_failure(session_, mine);
}

// A library that fails while it is asked is a reason, too.
template <typename Operation>
std::string Meter::refusal(const Operation& op) {
  std::string mine;
  try {
    mine = backend_.why_unsupported(op);
  } catch (const std::exception& error) {
    mine = error.what();
  }
  return agreed(mine);
}

std::string Meter::why_not(const Op& op) {
  if (std::string why = refusal(op); !why.empty()) return why;
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

Seconds Meter::named(bool own, const std::function<Seconds()>& work) {
  watch_.step(own);
  try {
    const Seconds answer = work();
    watch_.step(false);
    return answer;
  } catch (const std::exception& error) {
    const std::string text = error.what();
    const std::string self = "rank " + std::to_string(session_.rank()) + " on " + session_.host();
    const std::string line = self + ": " + what_ + ": " + text;
    if (dynamic_cast<const CommError*>(&error) != nullptr) throw CommError(line);
    throw DeviceError(line);
  }
}

Samples Meter::take(const SamplingPolicy& policy, const std::function<Seconds(int)>& time, bool flush) {
  Sampled sampled;
  sampled.time = time;
  sampled.agree = [this](double value) { return session_.max(value); };
  sampled.now = options_.now;
  if (flush && policy.flush_cache) sampled.before_sample = [this] { backend_.flush_cache(); };
  return sample(policy, sampled);
}

Samples Meter::take_op(Prepared& prepared, bool sustained) {
  const auto time = [&](int repeats) {
    return named(true, [&] { return backend_.time(prepared, repeats); });
  };
  if (sustained) {
    Sampled sampled;
    sampled.time = time;
    sampled.agree = [this](double value) { return session_.max(value); };
    soak(soak_policy(options_.effort, false), sampled);
  }
  return take(policy_, time, !sustained);
}

Soak Meter::warm(const Op& op) {
  what_ = "soak by " + to_string(op);
  watch_.at(what_);
  std::string why = why_not(op);
  if (!why.empty()) return {};
  const auto prepared = prepare([&] { return backend_.prepare(op, options_.seed); }, why);
  if (!why.empty()) return {};
  Sampled sampled;
  sampled.time = [&](int repeats) { return named(true, [&] { return backend_.time(*prepared, repeats); }); };
  sampled.agree = [this](double value) { return session_.max(value); };
  return soak(soak_policy(options_.effort, true), sampled);
}

std::unique_ptr<Prepared> Meter::prepare(const std::function<std::unique_ptr<Prepared>()>& make,
                                         std::string& why) {
  std::unique_ptr<Prepared> prepared;
  std::string failure;
  watch_.step(true);
  try {
    prepared = make();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  watch_.step(false);
  why = agreed(failure);
  if (!why.empty()) prepared.reset();
  return prepared;
}

Timing Meter::timing_of(const Samples& samples) {
  Timing timing;
  const std::vector<double> medians = session_.all_gather(samples.median.value());
  timing.median = Seconds(median(medians));
  if (timing.median.value() < kShortestTime) {
    timing.skipped = kTooShort;
    return timing;
  }
  timing.samples_s = samples.seconds;
  if (session_.size() > 1) timing.rank_medians_s = medians;
  return timing;
}

OpRow Meter::time(const Op& op, bool sustained, int algorithms) {
  what_ = to_string(op);
  watch_.at(what_);
  OpRow row{.op = op, .timing = {}, .sustained = sustained};
  row.timing.skipped = why_not(op);
  if (!row.timing.skipped.empty()) return row;
  const auto prepared = prepare([&] { return backend_.prepare(op, options_.seed); }, row.timing.skipped);
  if (!row.timing.skipped.empty()) return row;
  row.timing = timing_of(take_op(*prepared, sustained));
  row.state = device_state(backend_.telemetry());
  if (!row.timing.skipped.empty()) return row;
  row.algorithm = prepared->algorithm();
  if (!sustained) learn(op, row.timing.median);
  if (algorithms > 1 && std::holds_alternative<Gemm>(op)) time_best(op, algorithms, row);
  return row;
}

void Meter::time_best(const Op& op, int algorithms, OpRow& row) {
  std::string why;
  const auto prepared =
      prepare([&] { return backend_.prepare(op, options_.seed, {.algorithms = algorithms}); }, why);
  if (!why.empty()) return;
  // The same choice on every rank: the same time, and no need to measure it again.
  const bool other = session_.max(prepared->algorithm() == row.algorithm ? 0 : 1) != 0;
  if (!other) return;
  const Timing best = timing_of(take_op(*prepared, row.sustained));
  if (!best.skipped.empty()) return;
  row.best = best.median;
  row.best_algorithm = prepared->algorithm();
}

HostOpRow Meter::time(const HostOp& op) {
  what_ = to_string(op);
  watch_.at(what_);
  HostOpRow row{.op = op, .timing = {}};
  row.timing.skipped = refusal(op);
  if (!row.timing.skipped.empty()) return row;
  const auto prepared = prepare([&] { return backend_.prepare(op, options_.seed); }, row.timing.skipped);
  if (!row.timing.skipped.empty()) return row;
  row.timing = timing_of(take_op(*prepared, false));
  row.state = device_state(backend_.telemetry());
  return row;
}

}  // namespace traincast
