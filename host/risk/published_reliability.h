// What is known of interruptions and of their cost in finished runs, beside what the model says of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/base/table.h"
#include "host/calibrate/system.h"
#include "host/config/find.h"
#include "host/config/reader.h"
#include "host/model/cluster.h"

namespace traincast {

// What a row states.
enum class KnownFigure { goodput, interruptions, days, hours_between, start_seconds };
inline constexpr std::string_view kKnownFigureNames[] = {"goodput", "interruptions", "days", "hours_between",
                                                         "start_seconds"};

struct KnownReliability {
  std::string name;
  KnownFigure figure = KnownFigure::goodput;
  double low = 0, high = 0;  // published; days, hours, seconds, counts, or a share
  bool at_least = false;     // "more than `low`",
  bool at_most = false;      // or less
  std::string basis;         // why it counts something else than its set does; empty: it does not
  std::string set;           // of configs/reliability, or the run below
  std::string run;           // a run config, estimated as any other
  Cluster cluster;           // its GPUs, storage and reliability
  double gpus = 0;
  Bytes checkpoint;
  Seconds
      useful;  // days: what the run takes without interruptions; interruptions: the time they are counted in
  Provenance from;
  std::string inputs;           // in words
  Communicators communicators;  // start_seconds: of these
};

struct ReliabilityCheck {
  KnownReliability known;
  double ours = 0;
  std::optional<double> p10, p90;  // of histories
  double error = 0;                // over the middle of what is published; over the bound where that is all
  bool holds = false;              // inside the range, or beyond the bound
};

// A JSON file {"rows": [...]}; see configs/published/README.md. Throws ConfigError.
std::vector<KnownReliability> read_known_reliability(Reader root, const ConfigStore& store);

// `histories` of each run with a length, of this seed.
std::vector<ReliabilityCheck> check_reliability(const std::vector<KnownReliability>& rows,
                                                Calibrator& calibrator, const ConfigStore& store,
                                                std::int64_t histories, std::uint64_t seed);

Report known_reliability_report(const std::vector<ReliabilityCheck>& checks);

}  // namespace traincast
