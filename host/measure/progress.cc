#include "host/measure/progress.h"

#include <algorithm>

namespace traincast {
namespace {

constexpr Seconds kBetweenLines{2};

}  // namespace

SectionProgress::SectionProgress(std::string_view section, std::size_t points, std::size_t done,
                                 Seconds budget, Seconds start,
                                 const std::function<void(std::string_view)>& print)
    : section_(section),
      points_(points),
      budget_(budget),
      start_(start),
      printed_(start),
      before_(done),
      done_(done),
      print_(print) {}

void SectionProgress::point(Seconds now, std::string_view what, std::string_view rate) {
  ++done_;
  if (now - printed_ < kBetweenLines || done_ == points_) return;
  printed_ = now;
  const Seconds elapsed = now - start_;
  const double share = static_cast<double>(points_ - done_) / static_cast<double>(done_);
  const Seconds left = std::max(Seconds(0), std::min(elapsed * share, budget_ - elapsed));
  std::string line = section_ + " " + std::to_string(done_) + "/" + std::to_string(points_) + "  ";
  line.append(what).append("  ").append(rate).append("  about ").append(to_string(left)).append(" left");
  print_(line);
}

void SectionProgress::finish(Seconds now, std::size_t measured, std::size_t beyond_budget) {
  std::string line = section_ + ": " + std::to_string(measured) + " of " + std::to_string(points_) +
                     " points measured in " + to_string(now - start_);
  if (before_ > 0) line += ", after " + std::to_string(before_) + " of an earlier run";
  if (beyond_budget > 0) {
    line += ", " + std::to_string(beyond_budget) + " left out: the time allowed was " + to_string(budget_);
  }
  print_(line);
}

}  // namespace traincast
