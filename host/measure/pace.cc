#include "host/measure/pace.h"

#include <algorithm>

namespace traincast {

Pace::Pace(const Meter& meter, std::string_view pass, Seconds budget, std::size_t points,
           const PassProgress& earlier, const std::function<void(std::string_view)>& print)
    : meter_(meter),
      pass_(pass),
      start_(meter.now() - earlier.spent),
      now_(start_ + earlier.spent),
      budget_(budget),
      points_(points),
      done_(static_cast<std::size_t>(earlier.points)),
      progress_(pass, points, done_, budget, start_, print) {}

bool Pace::done_before(std::size_t kind) {
  if (next_ >= done_) return false;
  ++next_;
  seen_.insert(kind);
  return true;
}

bool Pace::may_begin(std::size_t kind) {
  ++next_;
  now_ = meter_.now();
  if (seen_.insert(kind).second || now_ - start_ < budget_) return true;
  ++beyond_;
  return false;
}

std::string Pace::why_not() const {
  return "this and what follows in its order was left out: the " + to_string(budget_) + " that " + pass_ +
         " may take were over";
}

void Pace::point(std::string_view what, const std::string& rate, bool measured) {
  measured_ += measured ? 1 : 0;
  progress_.point(now_, what, rate);
}

void Pace::finish() {
  progress_.finish(meter_.now(), measured_, beyond_);
}

PassProgress Pace::progress() const {
  return {.pass = pass_,
          .points = static_cast<std::int64_t>(next_),
          .of = static_cast<std::int64_t>(points_),
          .spent = std::max(Seconds(0), meter_.now() - start_)};
}

}  // namespace traincast
