// What an uncertain number may be: distributions as quantile functions, so that any uniform numbers, random
// or stratified, become draws.
#pragma once

#include <string_view>
#include <vector>

namespace traincast {

enum class DistributionKind { fixed, lognormal, normal, uniform, triangular, discrete };
inline constexpr std::string_view kDistributionNames[] = {"fixed",   "lognormal",  "normal",
                                                          "uniform", "triangular", "discrete"};
constexpr std::string_view name(DistributionKind kind) {
  return kDistributionNames[static_cast<int>(kind)];
}

// Each is made by the function below that bears its name; values are checked by whoever reads them.
class Distribution {
 public:
  static Distribution fixed(double value);
  // By its 10th, 50th and 90th percentiles, all above 0: lognormal on either side of the median, with widths
  // of their own where the three are not evenly spaced on a log scale.
  static Distribution lognormal(double p10, double p50, double p90);
  // Cut off outside [low, high], which may be infinite.
  static Distribution normal(double mean, double deviation, double low, double high);
  static Distribution uniform(double low, double high);
  static Distribution triangular(double low, double mode, double high);
  // Weights need not add up to 1.
  static Distribution discrete(std::vector<double> values, std::vector<double> weights);

  DistributionKind kind() const { return kind_; }
  // The value below which the share u of the distribution lies; u above 0 and below 1.
  double quantile(double u) const;
  // Of `factor` (above 0) times the number.
  Distribution scaled(double factor) const;

 private:
  DistributionKind kind_ = DistributionKind::fixed;
  double low_ = 0, middle_ = 0, high_ = 0;  // p10, p50, p90; or the bounds and the mean or mode
  double deviation_ = 0;
  std::vector<double> values_, weights_;
};

// Of the standard normal distribution.
double normal_share(double x);     // below x
double normal_quantile(double p);  // 0 < p < 1

}  // namespace traincast
