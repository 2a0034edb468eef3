#include "mpi/pattern.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "mpi/element.h"

namespace traincast {
namespace {

constexpr DataType kDtypes[] = {DataType::fp32, DataType::bf16, DataType::fp16, DataType::fp8_e4m3,
                                DataType::fp4};

std::vector<float> input(const Layout& layout, int rank) {
  std::vector<float> values(static_cast<std::size_t>(layout.send));
  Pattern(layout, rank).input(0, values);
  return values;
}
std::vector<float> expected(const Layout& layout, int rank) {
  std::vector<float> values(static_cast<std::size_t>(layout.receive));
  Pattern(layout, rank).expected(0, values);
  return values;
}

// The definition of each collective, element by element.
std::vector<float> defined(const Layout& layout, int rank, const std::vector<std::vector<float>>& inputs) {
  const auto block = static_cast<std::size_t>(layout.block);
  const auto own = static_cast<std::size_t>(rank);
  std::vector<float> output(static_cast<std::size_t>(layout.receive));
  for (std::size_t i = 0; i < output.size(); ++i) {
    switch (layout.collective) {
      case Collective::all_reduce:
        for (const auto& from : inputs) output[i] += from[i];
        break;
      case Collective::reduce_scatter:
        for (const auto& from : inputs) output[i] += from[own * block + i];
        break;
      case Collective::all_gather:
        output[i] = inputs[i / block][i % block];
        break;
      case Collective::all_to_all:
        output[i] = inputs[i / block][own * block + i % block];
        break;
      case Collective::send_recv:
        output[i] = inputs[(own + inputs.size() - 1) % inputs.size()][i];
        break;
    }
  }
  return output;
}

TEST(Pattern, ExpectsWhatTheDefinitionGives) {
  for (int c = 0; c < kCollectives; ++c) {
    for (const DataType dtype : kDtypes) {
      for (const int ranks : {1, 2, 5, 70}) {  // 70: more than contribute to one element
        const auto collective = static_cast<Collective>(c);
        if (dtype == DataType::fp4 && reduces(collective)) continue;
        const Layout layout = make_layout(collective, Bytes(3000), dtype, ranks);
        std::vector<std::vector<float>> inputs;
        for (int rank = 0; rank < ranks; ++rank) inputs.push_back(input(layout, rank));
        for (int rank = 0; rank < ranks; ++rank) {
          ASSERT_EQ(expected(layout, rank), defined(layout, rank, inputs)) << to_string(layout);
        }
      }
    }
  }
}

TEST(Pattern, EveryValueAndEveryPartialSumIsExactInItsFormat) {
  for (const DataType dtype : kDtypes) {
    for (const int ranks : {2, 16, 300}) {
      if (dtype == DataType::fp4) continue;
      const Layout layout = make_layout(Collective::all_reduce, Bytes(2000), dtype, ranks);
      std::vector<float> magnitudes(static_cast<std::size_t>(layout.send));
      for (int rank = 0; rank < ranks; ++rank) {
        const auto values = input(layout, rank);
        float own = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
          ASSERT_EQ(values[i], std::trunc(values[i]));
          magnitudes[i] += std::abs(values[i]);
          own += std::abs(values[i]);
        }
        EXPECT_GT(own, 0) << "rank " << rank << " takes no part";
      }
      for (const float magnitude : magnitudes) {
        ASSERT_GT(magnitude, 0);
        ASSERT_LE(magnitude, static_cast<float>(exact_integers(dtype))) << name(dtype) << " " << ranks;
      }
    }
  }
}

// A table of sums serves messages longer than itself.
TEST(Pattern, LongMessagesAreExpectedAsSent) {
  for (const Collective collective : {Collective::all_reduce, Collective::reduce_scatter}) {
    const Layout layout = make_layout(collective, Bytes(4 * 200'000), DataType::fp32, 3);
    const std::vector<std::vector<float>> inputs{input(layout, 0), input(layout, 1), input(layout, 2)};
    for (int rank = 0; rank < 3; ++rank) {
      EXPECT_EQ(expected(layout, rank), defined(layout, rank, inputs)) << to_string(layout);
      std::vector<float> later(1000);
      Pattern(layout, rank).expected(layout.receive - 1000, later);
      EXPECT_EQ(first_difference(Pattern(layout, rank), layout.receive - 1000, later), "");
      EXPECT_EQ(later.back(), expected(layout, rank).back());
    }
  }
}

TEST(Pattern, RanksAndPositionsDiffer) {
  const Layout layout = make_layout(Collective::all_gather, Bytes(8 * 4096), DataType::fp32, 8);
  std::set<std::vector<float>> distinct;
  for (int rank = 0; rank < 8; ++rank) distinct.insert(input(layout, rank));
  EXPECT_EQ(distinct.size(), 8U);
  auto shifted = input(layout, 0);
  shifted.erase(shifted.begin());
  EXPECT_NE(first_difference(Pattern(layout, 0), 0, shifted), "");
}

TEST(Pattern, TheFirstDifferenceIsFoundWhereverItIs) {
  const Layout layout = make_layout(Collective::all_reduce, Bytes(400), DataType::bf16, 4);
  const Pattern pattern(layout, 1);
  const auto right = expected(layout, 1);
  EXPECT_EQ(first_difference(pattern, 0, right), "");
  for (std::size_t at = 0; at < right.size(); ++at) {
    auto wrong = right;
    wrong[at] += 1;
    const std::string start = "element " + std::to_string(at) + ": got ";
    EXPECT_EQ(first_difference(pattern, 0, wrong).substr(0, start.size()), start);
    wrong[at] = std::nanf("");
    EXPECT_NE(first_difference(pattern, 0, wrong), "");
  }
  std::vector<float> tail(right.begin() + 100, right.end());
  EXPECT_EQ(first_difference(pattern, 100, tail), "");
  tail.back() = 99;
  EXPECT_NE(first_difference(pattern, 100, tail).find("element 199: got 99, expected"), std::string::npos);
}

TEST(Pattern, PoisonIsNeverAnExpectedValue) {
  for (const DataType dtype : kDtypes) {
    const Layout layout = make_layout(Collective::all_gather, Bytes(4000), dtype, 4);
    const std::vector<std::byte> poison(unit_bytes(dtype), kPoison);
    std::vector<float> value(1);
    decode(dtype, poison.data(), value);
    for (const float right : expected(layout, 0)) ASSERT_FALSE(value[0] == right) << name(dtype);
  }
}

}  // namespace
}  // namespace traincast
