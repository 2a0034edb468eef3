// Many histories of one run, on threads and ranks.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "host/model/history.h"

namespace traincast {

struct HistorySplit {
  int threads = 0;  // 0: as many as there are cores, at most one for every 64 histories
  int rank = 0, size = 1;
  // The texts of all ranks, by rank (Session::all_gather); needed where size > 1. Collective.
  std::function<std::vector<std::string>(const std::string&)> gather = {};
};

// Histories 0 to count - 1 of this seed, in order, on every rank: the same whatever the split.
std::vector<RunHistory> simulate_histories(const HistoryModel& model, std::int64_t count, std::uint64_t seed,
                                           const HistorySplit& split = {});

struct Spread {
  double mean = 0, p10 = 0, p50 = 0, p90 = 0;
};
Spread spread_of(std::vector<double> values);

struct HistorySummary {
  std::int64_t count = 0, finished = 0;
  std::string reason;  // of the first that never finished
  // Of those that finished:
  Spread wall;  // s
  Spread goodput, interruptions;
  Spread gpu_hours, energy;  // J
  // Mean shares of the time; they add up to 1.
  double useful = 0, lost = 0, restarting = 0, waiting = 0, stalls = 0, degraded = 0, paused = 0;
};
HistorySummary summarise(std::span<const RunHistory> histories);

}  // namespace traincast
