#include "mpi/pattern.h"

#include <algorithm>
#include <cstdio>

#include "mpi/element.h"

namespace traincast {
namespace {

constexpr int kContributors = 64;
constexpr int kLargestTerm = 4;
// Sums repeat after this many elements, so that a table of them serves any message and any number of ranks. A
// prime: no power-of-two block, tile or channel lands on the same value as its neighbour.
constexpr std::int64_t kPeriod = 65521;

// The finaliser of MurmurHash3 (Austin Appleby, public domain): every input bit flips half of the output
// bits.
std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}
std::uint64_t hash(int source, std::int64_t position) {
  return mix(mix(static_cast<std::uint64_t>(source) + 1) + static_cast<std::uint64_t>(position));
}

}  // namespace

Pattern::Pattern(const Layout& layout, int rank) : layout_(layout), rank_(rank) {
  if (!reduces(layout_.collective)) return;
  const int most = std::min(kContributors, exact_integers(layout_.dtype) / kLargestTerm);
  stride_ = (layout_.ranks + most - 1) / most;
  sums_.resize(static_cast<std::size_t>(std::min(kPeriod, layout_.send)));
  for (std::size_t position = 0; position < sums_.size(); ++position) {
    const int phase = static_cast<int>(position % static_cast<std::size_t>(stride_));
    for (int source = phase; source < layout_.ranks; source += stride_) {
      sums_[position] += term(source, static_cast<std::int64_t>(position));
    }
  }
}

float Pattern::term(int source, std::int64_t position) const {
  position %= kPeriod;
  if ((source - position) % stride_ != 0) return 0;
  const auto bits = hash(source, position);
  const auto size = static_cast<float>(1 + bits % kLargestTerm);
  return (bits & (1ULL << 40)) != 0 ? -size : size;
}

float Pattern::piece(int source, std::int64_t position) const {
  const auto bits = hash(source, position);
  if (layout_.dtype == DataType::fp4) return static_cast<float>(bits % 255);  // less than kPoison
  const int largest = std::min(exact_integers(layout_.dtype), 1 << 12);
  return static_cast<float>(static_cast<int>(bits % (2U * static_cast<unsigned>(largest) + 1)) - largest);
}

float Pattern::expected_piece(std::int64_t index) const {
  if (layout_.collective == Collective::send_recv) {
    return piece((rank_ + layout_.ranks - 1) % layout_.ranks, index);
  }
  const auto source = static_cast<int>(index / layout_.block);
  const std::int64_t position = index % layout_.block;
  const bool personal = layout_.collective == Collective::all_to_all;  // each rank gets its own block
  return piece(source, personal ? rank_ * layout_.block + position : position);
}

void Pattern::input(std::int64_t first, std::span<float> values) const {
  const bool sum = reduces(layout_.collective);
  for (float& value : values) {
    value = sum ? term(rank_, first) : piece(rank_, first);
    ++first;
  }
}

void Pattern::expected(std::int64_t first, std::span<float> values) const {
  const bool sum = reduces(layout_.collective);
  const bool scattered = layout_.collective == Collective::reduce_scatter;
  const std::int64_t offset = scattered ? rank_ * layout_.block : 0;
  for (float& value : values) {
    value = sum ? sums_[static_cast<std::size_t>((offset + first) % kPeriod)] : expected_piece(first);
    ++first;
  }
}

std::string first_difference(const Pattern& pattern, std::int64_t first, std::span<const float> got) {
  std::vector<float> expected(got.size());
  pattern.expected(first, expected);
  const auto [wrong, right] =
      std::mismatch(got.begin(), got.end(), expected.begin());  // a NaN equals nothing
  if (wrong == got.end()) return "";
  char text[128];
  std::snprintf(text, sizeof text, "element %lld: got %g, expected %g",
                static_cast<long long>(first + (wrong - got.begin())), static_cast<double>(*wrong),
                static_cast<double>(*right));
  return text;
}

}  // namespace traincast
