#include "host/risk/histories.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "host/base/statistics.h"

namespace traincast {
namespace {

constexpr std::int64_t kChunk = 16;  // histories that a thread takes at a time

// A history as it travels between ranks of the same program.
constexpr std::size_t kFigures = 12;
using Packed = std::array<double, kFigures>;

Packed pack(const RunHistory& h) {
  return {h.finished ? 1.0 : 0.0, h.wall.value(),    h.useful.value(), h.lost.value(),
          h.restarting.value(),   h.waiting.value(), h.stalls.value(), h.degraded.value(),
          h.paused.value(),       h.interruptions,   h.gpu_hours,      h.energy.value()};
}

RunHistory unpack(const Packed& p) {
  RunHistory h;
  h.finished = p[0] != 0;
  if (!h.finished) h.reason = "useful work per hour is 0";
  h.wall = Seconds(p[1]);
  h.useful = Seconds(p[2]);
  h.lost = Seconds(p[3]);
  h.restarting = Seconds(p[4]);
  h.waiting = Seconds(p[5]);
  h.stalls = Seconds(p[6]);
  h.degraded = Seconds(p[7]);
  h.paused = Seconds(p[8]);
  h.interruptions = p[9];
  h.gpu_hours = p[10];
  h.energy = Joules(p[11]);
  return h;
}

// Histories from `begin` to before `end`; each depends on its index alone, so that the order is free.
void simulate_part(const HistoryModel& model, std::uint64_t seed, std::int64_t begin, std::int64_t end,
                   int threads, std::span<Packed> out) {
  std::atomic<std::int64_t> next{begin};
  const auto work = [&] {
    for (std::int64_t first = next.fetch_add(kChunk); first < end; first = next.fetch_add(kChunk)) {
      for (std::int64_t i = first; i < std::min(first + kChunk, end); ++i) {
        out[static_cast<std::size_t>(i)] = pack(model.simulate(seed, static_cast<std::uint64_t>(i)));
      }
    }
  };
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(work);
  work();
}

int thread_count(int asked, std::int64_t histories) {
  if (asked > 0) return asked;
  const auto useful = static_cast<unsigned>(std::clamp<std::int64_t>(histories / 64, 1, 256));
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, useful));
}

std::int64_t share_begin(std::int64_t count, int rank, int size) {
  return count / size * rank + std::min<std::int64_t>(rank, count % size);
}

}  // namespace

std::vector<RunHistory> simulate_histories(const HistoryModel& model, std::int64_t count, std::uint64_t seed,
                                           const HistorySplit& split) {
  if (count < 0 || split.size < 1 || split.rank < 0 || split.rank >= split.size ||
      (split.size > 1 && !split.gather)) {
    throw std::invalid_argument("simulate_histories: a split that is none");
  }
  std::vector<Packed> packed(static_cast<std::size_t>(count));
  const std::int64_t begin = share_begin(count, split.rank, split.size);
  const std::int64_t end = share_begin(count, split.rank + 1, split.size);
  simulate_part(model, seed, begin, end, thread_count(split.threads, end - begin), packed);
  if (split.size > 1) {
    std::string mine(static_cast<std::size_t>(end - begin) * sizeof(Packed), '\0');
    if (!mine.empty()) std::memcpy(mine.data(), &packed[static_cast<std::size_t>(begin)], mine.size());
    std::size_t at = 0;
    for (const std::string& part : split.gather(mine)) {
      if (at * sizeof(Packed) + part.size() > packed.size() * sizeof(Packed)) {
        throw std::invalid_argument("simulate_histories: ranks differ in what they simulate");
      }
      if (!part.empty()) std::memcpy(&packed[at], part.data(), part.size());
      at += part.size() / sizeof(Packed);
    }
  }
  std::vector<RunHistory> out;
  out.reserve(packed.size());
  for (const Packed& one : packed) out.push_back(unpack(one));
  return out;
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {mean(values), percentile(values, 0.1), percentile(values, 0.5), percentile(values, 0.9)};
}

HistorySummary summarise(std::span<const RunHistory> histories) {
  HistorySummary out{.count = static_cast<std::int64_t>(histories.size())};
  std::vector<double> wall;
  std::vector<double> goodput;
  std::vector<double> interruptions;
  std::vector<double> gpu_hours;
  std::vector<double> energy;
  RunHistory sum;
  for (const RunHistory& h : histories) {
    if (!h.finished) {
      if (out.reason.empty()) out.reason = h.reason;
      continue;
    }
    ++out.finished;
    wall.push_back(h.wall.value());
    goodput.push_back(h.goodput());
    interruptions.push_back(h.interruptions);
    gpu_hours.push_back(h.gpu_hours);
    energy.push_back(h.energy.value());
    sum.wall += h.wall;
    sum.useful += h.useful;
    sum.lost += h.lost;
    sum.restarting += h.restarting;
    sum.waiting += h.waiting;
    sum.stalls += h.stalls;
    sum.degraded += h.degraded;
    sum.paused += h.paused;
  }
  if (out.finished == 0) return out;
  out.wall = spread_of(std::move(wall));
  out.goodput = spread_of(std::move(goodput));
  out.interruptions = spread_of(std::move(interruptions));
  out.gpu_hours = spread_of(std::move(gpu_hours));
  out.energy = spread_of(std::move(energy));
  out.useful = sum.useful / sum.wall;
  out.lost = sum.lost / sum.wall;
  out.restarting = sum.restarting / sum.wall;
  out.waiting = sum.waiting / sum.wall;
  out.stalls = sum.stalls / sum.wall;
  out.degraded = sum.degraded / sum.wall;
  out.paused = sum.paused / sum.wall;
  return out;
}

}  // namespace traincast
