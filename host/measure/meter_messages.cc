// Messages, alone and beside an operation.
#include <algorithm>
#include <cmath>

#include "host/base/errors.h"
#include "host/base/statistics.h"
#include "host/measure/device_state.h"
#include "host/measure/meter.h"

namespace traincast {
namespace {

constexpr double kShortestTime = 1e-12;  // what a profile accepts

}  // namespace

struct Meter::Ready {
  std::unique_ptr<Prepared> prepared;  // nullptr on ranks that take no part
  CollectiveRow row;                   // skipped where it cannot run
};

CollectiveRow Meter::row_of(const Message& message, const Tier& tier) {
  CollectiveRow row{.collective = message.collective,
                    .message = message.size,
                    .dtype = message.dtype,
                    .ranks = tier.ranks,
                    .nodes = tier.nodes};
  row.tier = tier.name;
  row.groups = tier.groups;
  return row;
}

Meter::Ready Meter::prepare(const Message& message, const Tier& tier) {
  Ready ready{.prepared = nullptr, .row = row_of(message, tier)};
  CollectiveRow& row = ready.row;
  what_ = std::string(name(message.collective)) + " " + std::string(name(message.dtype)) + " of " +
          to_string(message.size) + " (" + describe(tier) + ")";
  watch_.at(what_);
  Communicator* communicator = tier.communicator;
  const bool takes_part = communicator != nullptr;
  row.timing.skipped =
      first_failure(session_, takes_part ? communicator->why_unsupported(message.collective) : "");
  if (!row.timing.skipped.empty()) {
    // The reason of one is the reason of all.
    row.timing.skipped = row.timing.skipped.substr(row.timing.skipped.find(": ") + 2);
    return ready;
  }
  std::string failure;
  try {
    if (takes_part) {
      ready.prepared = communicator->prepare_in_place(message.collective, message.size, message.dtype);
    }
  } catch (const CommError& error) {  // on all ranks of a group alike
    failure = error.what();
  }
  row.timing.skipped = tier.groups == 1 ? agreed(failure) : first_failure(session_, failure);
  if (!row.timing.skipped.empty()) {
    ready.prepared.reset();
    return ready;
  }
  std::string wrong;
  if (takes_part) {
    row.message = communicator->message(*ready.prepared);
    row.in_place = communicator->in_place(*ready.prepared);
    named(false, [&] {
      wrong = communicator->verify(*ready.prepared);
      return Seconds(0);
    });
  }
  wrong = tier.groups == 1 ? agreed(wrong) : first_failure(session_, wrong);
  if (!wrong.empty()) {
    row.timing.skipped = std::string(kWrongResult) + wrong;
    ready.prepared.reset();
    return ready;
  }
  row.verified = true;
  return ready;
}

Seconds Meter::time_message(Ready& ready, const Tier& tier, int repeats) {
  return named(false, [&] {
    session_.barrier();  // all groups at once
    const Seconds mine =
        ready.prepared == nullptr ? Seconds(0) : tier.communicator->time(*ready.prepared, repeats);
    return Seconds(session_.max(mine.value()));
  });
}

CollectiveRow Meter::time(const Message& message, const Tier& tier) {
  Ready ready = prepare(message, tier);
  CollectiveRow& row = ready.row;
  if (!row.timing.skipped.empty()) return row;
  if (ready.prepared != nullptr) {
    named(false, [&] {
      const LibraryChoice choice = tier.communicator->choice(*ready.prepared);
      row.algorithm = choice.algorithm;
      row.protocol = choice.protocol;
      row.channels = choice.channels;
      row.estimate = choice.estimate;
      return Seconds(0);
    });
  }
  // Already the slowest rank's time, so there is nothing to keep by rank.
  const Samples samples = take(
      policy_, [&](int repeats) { return time_message(ready, tier, repeats); }, false);
  if (samples.median.value() < kShortestTime) {
    row.timing.skipped = "too short for the clock";
    return row;
  }
  row.timing.median = samples.median;
  row.timing.samples_s = samples.seconds;
  row.state = device_state(backend_.telemetry());
  return row;
}

Interference Meter::beside(const Message& message, const Tier& tier, const Op& op) {
  Ready ready = prepare(message, tier);
  Interference both{.message = ready.row, .op = {.op = op, .timing = {}}};
  both.message.during = to_string(op);
  both.op.during = what_;
  const auto skip = [&both](const std::string& why) {
    both.message.timing = {};
    both.message.verified = false;
    both.message.timing.skipped = both.op.timing.skipped = why;
    return both;
  };
  if (!ready.row.timing.skipped.empty()) return skip(ready.row.timing.skipped);
  std::string why = why_not(op);
  if (!why.empty()) return skip(why);
  const auto prepared = prepare([&] { return backend_.prepare(op, options_.seed); }, why);
  if (!why.empty()) return skip(why);
  what_ += " beside " + to_string(op);
  watch_.at(what_);

  const auto message_time = [&](int repeats) { return time_message(ready, tier, repeats); };
  const auto op_time = [&](int repeats) {
    return named(true, [&] { return backend_.time(*prepared, repeats); });
  };
  const Seconds message_alone = take(policy_, message_time, false).median;
  const Seconds op_alone(session_.max(take(policy_, op_time, false).median.value()));
  if (message_alone.value() < kShortestTime || op_alone.value() < kShortestTime) {
    return skip("too short for the clock");
  }

  Samples during;
  {
    const auto load = backend_.run_in_background(*prepared);
    session_.barrier();
    during = take(policy_, message_time, false);
    named(true, [&] { return load->stop().elapsed; });
  }
  both.message.timing.median = during.median;
  both.message.timing.samples_s = during.seconds;
  both.message.slowdown = during.median / message_alone;
  both.message.state = device_state(backend_.telemetry());

  // Messages enough for thrice the time that the op takes alone, so that all of it is beside them.
  constexpr double kCover = 3;
  constexpr double kMostCalls = 2048;
  const auto beside_messages = [&](int repeats) {
    const double calls = std::ceil(kCover * repeats * op_alone.value() / message_alone.value());
    session_.barrier();
    if (ready.prepared != nullptr) {
      tier.communicator->start(*ready.prepared, static_cast<int>(std::clamp(calls, 1.0, kMostCalls)));
    }
    const Seconds time = op_time(repeats);
    if (ready.prepared != nullptr) named(false, [&] { return tier.communicator->wait(*ready.prepared); });
    return time;
  };
  during = take(policy_, beside_messages, false);
  both.op.timing = timing_of(during);
  both.op.slowdown = session_.max(during.median.value()) / op_alone.value();
  both.op.algorithm = prepared->algorithm();
  both.op.state = device_state(backend_.telemetry());
  return both;
}

}  // namespace traincast
