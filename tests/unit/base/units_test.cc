#include "host/base/units.h"

#include <gtest/gtest.h>

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
