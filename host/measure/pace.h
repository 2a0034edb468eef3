// The clock of one part of a measurement: what may still begin, what was done before, what is left.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "host/config/profile.h"
#include "host/measure/meter.h"
#include "host/measure/progress.h"

namespace traincast {

// Points may begin while there is budget, and the first of each kind always. Points of an earlier measurement
// that this one goes on with count as begun, and their time as spent.
class Pace {
 public:
  Pace(const Meter& meter, std::string_view pass, Seconds budget, std::size_t points,
       const PassProgress& earlier, const std::function<void(std::string_view)>& print);

  // Whether the next point was measured before; its kind then counts as seen.
  bool done_before(std::size_t kind);
  // Collective.
  bool may_begin(std::size_t kind);
  std::string why_not() const;
  // After each point that was not done before.
  void point(std::string_view what, const std::string& rate, bool measured);
  void finish();
  // Collective.
  PassProgress progress() const;

 private:
  const Meter& meter_;
  std::string pass_;
  Seconds start_, now_, budget_;
  std::size_t points_, done_, next_ = 0;
  SectionProgress progress_;
  std::set<std::size_t> seen_;
  std::size_t measured_ = 0, beyond_ = 0;
};

}  // namespace traincast
