// Quantities survive being written and read.
#include <gtest/gtest.h>

#include <sstream>

#include "host/base/units.h"
#include "host/config/json.h"
#include "tests/property/generate.h"

namespace traincast::property {
namespace {

constexpr Dimension kDimensions[] = {Seconds::kDimension,    Frequency::kDimension,   Bytes::kDimension,
                                     Bandwidth::kDimension,  Flops::kDimension,       FlopRate::kDimension,
                                     Joules::kDimension,     Watts::kDimension,       Dollars::kDimension,
                                     DollarRate::kDimension, EnergyPrice::kDimension, Tokens::kDimension,
                                     Kilograms::kDimension,  EmissionRate::kDimension};

// From a tenth of the smallest unit that is printed: below, fewer digits are printed.
TEST(UnitsProperty, WhatIsPrintedForPeopleReadsBackToItsThreeDigits) {
  Random random(1);
  for (const Dimension dimension : kDimensions) {
    for (int i = 0; i < 200; ++i) {
      const double si = random.scale(1e-9, 1e24);
      const std::string text = format_quantity(si, dimension);
      if (text.starts_with("0.0")) continue;
      SCOPED_TRACE(text);
      EXPECT_NEAR(parse_quantity(text, dimension) / si, 1, 0.0051);
    }
  }
}

TEST(UnitsProperty, EveryAcceptedUnitIsAFactor) {
  Random random(2);
  for (const Dimension dimension : kDimensions) {
    std::istringstream units(accepted_units(dimension));
    int seen = 0;
    for (std::string unit; units >> unit; ++seen) {
      SCOPED_TRACE(unit);
      const double factor = parse_quantity("1 " + unit, dimension);
      ASSERT_GT(factor, 0);
      for (int i = 0; i < 20; ++i) {
        const double number = random.scale(1e-6, 1e6);
        const double si = parse_quantity(shortest(number) + " " + unit, dimension);
        EXPECT_NEAR(si / (number * factor), 1, 1e-15);
      }
    }
    EXPECT_GT(seen, 0);
  }
}

TEST(UnitsProperty, TheShortestTextOfADoubleIsThatDouble) {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    const double number = random.scale(1e-300, 1e300);
    EXPECT_EQ(std::stod(shortest(number)), number);
  }
}

}  // namespace
}  // namespace traincast::property
