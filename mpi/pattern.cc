#include "mpi/pattern.h"

#include <algorithm>
#include <cstdio>

#include "mpi/element.h"

namespace traincast {
namespace {

constexpr int kContributors = 64;
constexpr int kLargestTerm = 4;
// Terms and sums repeat after this many elements, so that tables of them serve any message and any number of
// ranks. A prime: no power-of-two block, tile or channel lands on the same value as its neighbour.
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
std::uint64_t seed(int source) {
  return mix(static_cast<std::uint64_t>(source) + 1);
}

// The table read from `position` onwards, for ever.
void repeat(const std::vector<float>& table, std::int64_t position, std::span<float> values) {
  auto at = static_cast<std::size_t>(position % kPeriod);
  for (std::size_t done = 0; done < values.size(); at = 0) {
    const std::size_t count = std::min(values.size() - done, table.size() - at);
    std::copy_n(table.begin() + static_cast<std::ptrdiff_t>(at), count, values.subspan(done).begin());
    done += count;
  }
}

}  // namespace

Pattern::Pattern(const Layout& layout, int rank) : layout_(layout), rank_(rank) {
  if (!reduces(layout_.collective)) return;
  const int most = std::min(kContributors, exact_integers(layout_.dtype) / kLargestTerm);
  stride_ = (layout_.ranks + most - 1) / most;
  const std::int64_t size = std::min(kPeriod, layout_.send);
  for (std::int64_t position = 0; position < size; ++position) {
    terms_.push_back(term(rank_, position));
    sums_.push_back(0);
    for (auto source = static_cast<int>(position % stride_); source < layout_.ranks; source += stride_) {
      sums_.back() += term(source, position);
    }
  }
}

float Pattern::term(int source, std::int64_t position) const {
  if ((source - position) % stride_ != 0) return 0;
  const auto bits = mix(seed(source) + static_cast<std::uint64_t>(position));
  const auto size = static_cast<float>(1 + bits % kLargestTerm);
  return (bits & (1ULL << 40)) != 0 ? -size : size;
}

void Pattern::pieces(int source, std::int64_t position, std::span<float> values) const {
  // FP4's are bytes less than kPoison.
  const int largest = layout_.dtype == DataType::fp4 ? 127 : std::min(exact_integers(layout_.dtype), 1 << 12);
  const int shift = layout_.dtype == DataType::fp4 ? 0 : largest;
  const auto choices = 2 * static_cast<std::uint64_t>(largest) + 1;
  std::uint64_t at = seed(source) + static_cast<std::uint64_t>(position);
  for (float& value : values) {
    const std::uint64_t choice = ((mix(at++) >> 32) * choices) >> 32;  // 0 to choices - 1, without dividing
    value = static_cast<float>(static_cast<int>(choice) - shift);
  }
}

void Pattern::input(std::int64_t first, std::span<float> values) const {
  if (reduces(layout_.collective)) return repeat(terms_, first, values);
  pieces(rank_, first, values);
}

void Pattern::expected(std::int64_t first, std::span<float> values) const {
  const std::int64_t own_block = rank_ * layout_.block;
  switch (layout_.collective) {
    case Collective::all_reduce:
      return repeat(sums_, first, values);
    case Collective::reduce_scatter:
      return repeat(sums_, own_block + first, values);
    case Collective::send_recv:
      return pieces((rank_ + layout_.ranks - 1) % layout_.ranks, first, values);
    case Collective::all_gather:
    case Collective::all_to_all:
      break;
  }
  // One block from each rank: the only one it has, or the one that it has for this rank.
  const std::int64_t offset = layout_.collective == Collective::all_to_all ? own_block : 0;
  while (!values.empty()) {
    const std::int64_t position = first % layout_.block;
    const auto count = std::min(values.size(), static_cast<std::size_t>(layout_.block - position));
    pieces(static_cast<int>(first / layout_.block), offset + position, values.first(count));
    values = values.subspan(count);
    first += static_cast<std::int64_t>(count);
  }
}

std::string first_difference(const Pattern& pattern, std::int64_t first, std::span<const float> got) {
  std::vector<float> expected(got.size());
  pattern.expected(first, expected);
  const auto [wrong, right] =
      std::mismatch(got.begin(), got.end(), expected.begin());  // a NaN equals nothing
  if (wrong == got.end()) return "";
  const std::int64_t at = first + (wrong - got.begin());
  char text[128];
  std::snprintf(text, sizeof text, "element %lld: got %g, expected %g", static_cast<long long>(at),
                static_cast<double>(*wrong), static_cast<double>(*right));
  return text;
}

}  // namespace traincast
