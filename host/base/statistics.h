// Descriptive statistics of samples. Every function takes at least one value (standard_deviation: two), all
// finite: the caller checks. A shorter span gives 0, never NaN and never an exception.
#pragma once

#include <span>

namespace traincast {

double mean(std::span<const double> values);
double median(std::span<const double> values);

// The value below which the share `fraction` of the samples lies (0: smallest, 1: largest; clamped), linear
// between order statistics: type 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The
// American Statistician 50(4), 1996.
double percentile(std::span<const double> values, double fraction);

// Of a sample: divisor n - 1.
double standard_deviation(std::span<const double> values);

// Interquartile range over median, a spread that one outlier does not move; 0 where the median is 0.
double relative_spread(std::span<const double> values);

}  // namespace traincast
