// The highest point of a function with one maximum, by golden-section search (Kiefer, "Sequential minimax
// search for a maximum", Proceedings of the AMS 4 (1953)).
#pragma once

namespace traincast {

// Where `objective` is highest between low and high, to `close` or to 0.618^90 of the range, whichever comes
// first. Of two points that are equally high, the lower is followed. One evaluation a round.
template <typename Objective>
double golden_section(double low, double high, double close, Objective objective) {
  constexpr double kGolden = 0.6180339887498949;
  constexpr int kRounds = 90;  // 0.618^90 of any range that matters is below the resolution of a double
  double left = high - kGolden * (high - low);
  double right = low + kGolden * (high - low);
  double at_left = objective(left);
  double at_right = objective(right);
  for (int round = 0; round < kRounds && high - low > close; ++round) {
    if (at_left >= at_right) {
      high = right;
      right = left;
      at_right = at_left;
      left = high - kGolden * (high - low);
      at_left = objective(left);
    } else {
      low = left;
      left = right;
      at_left = at_right;
      right = low + kGolden * (high - low);
      at_right = objective(right);
    }
  }
  return (low + high) / 2;
}

}  // namespace traincast
