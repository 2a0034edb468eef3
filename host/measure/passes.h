// The parts of a measurement, one after the other, into one profile.
#pragma once

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "host/measure/measure.h"
#include "host/measure/meter.h"
#include "host/measure/pace.h"
#include "host/measure/tiers.h"

namespace traincast {

// Rank's own view of the measurement under way. Every member is collective.
class Passes {
 public:
  Passes(Backend& backend, Communicator& communicator, Session& session, const MeasureOptions& options,
         const Progress& print, Profile& profile);

  void all();

 private:
  void ops(Section section, const std::vector<Op>& ops, bool sustained);
  void sustained_ops();
  void host_ops();
  void collectives();
  void interference();
  std::string too_crowded();
  void storage();

  bool wanted(Section section) const;
  std::vector<Op> ops_of(Section section) const;
  std::vector<Op> worth_sustaining(std::vector<Op> ops) const;
  Pace pace(const std::string& pass, Seconds budget, std::size_t points);
  // After a point or a pass: progress, slow devices, telemetry, and the file.
  void keep(const Pace& pace, bool pass_ends);
  // Whether the reason is new for that kind of row, which is then kept as a row.
  bool news(bool sustained, std::size_t kind, const std::string& reason);
  bool news(const CollectiveRow& row);
  // State that rows of an earlier measurement leave behind.
  void remember();

  Backend& backend_;
  Communicator& communicator_;
  Session& session_;
  const MeasureOptions& options_;
  const Progress& print_;
  Profile& profile_;
  SweepDevice device_;
  Meter meter_;
  std::set<std::tuple<bool, std::size_t, std::string>> op_reasons_;
  std::set<std::tuple<std::string, int, std::string, Collective, std::string>> message_reasons_;
};

}  // namespace traincast
