#include "host/base/units.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "host/base/errors.h"

namespace traincast {
namespace {

TEST(Units, ParsesWhatPeopleWrite) {
  EXPECT_DOUBLE_EQ(parse<Bandwidth>("3.35 TB/s").value(), 3.35e12);
  EXPECT_DOUBLE_EQ(parse<Bandwidth>("400 Gb/s").value(), 50e9);
  EXPECT_DOUBLE_EQ(parse<Watts>(" 700 W ").value(), 700);
  EXPECT_DOUBLE_EQ(parse<Seconds>("10min").value(), 600);
  EXPECT_DOUBLE_EQ(parse<EnergyPrice>("0.36 USD/kWh").value(), 1e-7);
  EXPECT_DOUBLE_EQ(parse<Tokens>("15.6 Ttoken").value(), 15.6e12);
}

// Each unit against the powers of ten of its prefix, or its definition (pound: 0.45359237 kg; year: 365.25
// days).
TEST(Units, EachUnitIsItsDefinition) {
  const auto expect = [](Dimension dimension, std::initializer_list<std::pair<const char*, double>> units) {
    for (const auto& [unit, si] : units) {
      EXPECT_DOUBLE_EQ(parse_quantity(std::string("2 ") + unit, dimension), 2 * si) << unit;
    }
  };
  expect(Seconds::kDimension, {{"ns", 1e-9},
                               {"us", 1e-6},
                               {"ms", 1e-3},
                               {"s", 1},
                               {"min", 60},
                               {"h", 3600},
                               {"d", 86400},
                               {"year", 31557600}});
  expect(Frequency::kDimension, {{"Hz", 1}, {"MHz", 1e6}, {"GHz", 1e9}});
  expect(Bytes::kDimension, {{"B", 1},
                             {"kB", 1e3},
                             {"KiB", 1024},
                             {"MB", 1e6},
                             {"MiB", 1048576},
                             {"GB", 1e9},
                             {"GiB", 1073741824},
                             {"TB", 1e12},
                             {"TiB", 1099511627776},
                             {"PB", 1e15}});
  expect(Bandwidth::kDimension,
         {{"B/s", 1}, {"MB/s", 1e6}, {"Gb/s", 1.25e8}, {"GB/s", 1e9}, {"Tb/s", 1.25e11}, {"TB/s", 1e12}});
  expect(Flops::kDimension,
         {{"FLOP", 1}, {"MFLOP", 1e6}, {"GFLOP", 1e9}, {"TFLOP", 1e12}, {"PFLOP", 1e15}, {"EFLOP", 1e18}});
  expect(FlopRate::kDimension,
         {{"FLOP/s", 1}, {"GFLOP/s", 1e9}, {"TFLOP/s", 1e12}, {"PFLOP/s", 1e15}, {"EFLOP/s", 1e18}});
  expect(Joules::kDimension, {{"J", 1}, {"kWh", 3.6e6}, {"MWh", 3.6e9}, {"GWh", 3.6e12}, {"TWh", 3.6e15}});
  expect(Watts::kDimension, {{"W", 1}, {"kW", 1e3}, {"MW", 1e6}, {"GW", 1e9}});
  expect(Dollars::kDimension, {{"USD", 1}, {"kUSD", 1e3}, {"MUSD", 1e6}, {"GUSD", 1e9}});
  expect(DollarRate::kDimension, {{"USD/h", 1 / 3600.0}});
  expect(EnergyPrice::kDimension, {{"USD/kWh", 1 / 3.6e6}, {"USD/MWh", 1 / 3.6e9}});
  expect(Tokens::kDimension,
         {{"token", 1}, {"tokens", 1}, {"ktoken", 1e3}, {"Mtoken", 1e6}, {"Gtoken", 1e9}, {"Ttoken", 1e12}});
  expect(TokenRate::kDimension, {{"token/s", 1}, {"ktoken/s", 1e3}, {"Mtoken/s", 1e6}});
  expect(Kilograms::kDimension, {{"kg", 1}, {"t", 1e3}, {"kt", 1e6}});
  expect(EmissionRate::kDimension,
         {{"kg/kWh", 1 / 3.6e6}, {"g/kWh", 1 / 3.6e9}, {"lb/MWh", 0.45359237 / 3.6e9}});
}

TEST(Units, RefusesWithTheAcceptedUnits) {
  for (const char* text : {"3.35", "", "TB/s", "3.35 TBps", "nan TB/s", "inf TB/s", "1e308 TB/s", "3.35 W"}) {
    try {
      parse<Bandwidth>(text);
      ADD_FAILURE() << text << " was accepted";
    } catch (const UnitError& error) {
      EXPECT_NE(std::string(error.what()).find("accepted: a number and one of B/s MB/s Gb/s GB/s"),
                std::string::npos)
          << error.what();
    }
  }
}

TEST(Units, FormatsThreeSignificantDigits) {
  EXPECT_EQ(to_string(Seconds(0.0123)), "12.3 ms");
  EXPECT_EQ(to_string(Bandwidth(3.35e12)), "3.35 TB/s");
  EXPECT_EQ(to_string(Watts(128e6)), "128 MW");
  EXPECT_EQ(to_string(Seconds(0)), "0.000 ns");
  EXPECT_EQ(to_string(Bytes(999.9)), "1.00 kB");
}

// Where a digit more or less is shown, and where the next unit or an exponent begins.
TEST(Units, FormatsAtTheEdges) {
  EXPECT_EQ(to_string(Bytes(999.4)), "999 B");
  EXPECT_EQ(to_string(Bytes(999.6)), "1.00 kB");
  EXPECT_EQ(to_string(Watts(99.94)), "99.9 W");
  EXPECT_EQ(to_string(Watts(99.96)), "100 W");
  EXPECT_EQ(to_string(Watts(9.994)), "9.99 W");
  EXPECT_EQ(to_string(Watts(9.996)), "10.0 W");
  EXPECT_EQ(to_string(Seconds(0.9994e-9)), "0.999 ns");
  EXPECT_EQ(to_string(Seconds(0.9996e-9)), "1.00 ns");
  EXPECT_EQ(to_string(Seconds(0.00102e-9)), "0.001 ns");
  EXPECT_EQ(to_string(Seconds(0.00098e-9)), "9.80e-04 ns");
  EXPECT_EQ(to_string(Seconds(99999.4 * 86400)), "99999 d");
  EXPECT_EQ(to_string(Seconds(100400.0 * 86400)), "1.00e+05 d");
}

TEST(Units, DimensionsMultiplyAndCancel) {
  const Seconds time = Bytes(100) / Bandwidth(50);
  EXPECT_DOUBLE_EQ(time.value(), 2);
  const double ratio = Seconds(6) / Seconds(3);
  EXPECT_DOUBLE_EQ(ratio, 2);
  const Joules energy = Watts(5) * Seconds(3);
  EXPECT_DOUBLE_EQ(energy.value(), 15);
}

}  // namespace
}  // namespace traincast
