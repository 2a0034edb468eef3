#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>

#include "host/base/errors.h"
#include "host/import/bandwidth_tests.h"
#include "host/import/points.h"
#include "host/import/test_lines.h"

namespace traincast {
namespace {

struct OsuTest {
  std::string_view word;  // of the title, without blanks, in lower case
  Collective collective;
};
constexpr std::array<OsuTest, 4> kTests = {{{"allreduce", Collective::all_reduce},
                                            {"allgather", Collective::all_gather},
                                            {"reducescatter", Collective::reduce_scatter},
                                            {"alltoall", Collective::all_to_all}}};

// "# OSU MPI-CUDA Allreduce Latency Test v7.4", "# OSU NCCL Reduce_scatter Latency Test"
std::optional<Collective> collective_of(std::string_view title) {
  std::string plain;
  for (const char c : title) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  for (const OsuTest& test : kTests) {
    if (plain.find(test.word) != std::string::npos) return test.collective;
  }
  return std::nullopt;
}

// OSU's size: all-reduce and reduce-scatter, the whole buffer of a rank; all-gather and all-to-all, what a
// rank gives to each other one.
double message_bytes(std::optional<Collective> collective, double size, int ranks) {
  const bool per_peer = collective == Collective::all_gather || collective == Collective::all_to_all;
  return per_peer ? size * ranks : size;
}

}  // namespace

BandwidthTest import_osu(std::string_view text, const std::string& file, const BandwidthTestFacts& facts) {
  if (facts.ranks < 2) {
    throw ConfigError(file + ": OSU does not print the number of ranks; accepted: --ranks N, 2 or more");
  }
  BandwidthTest out;
  std::optional<Collective> collective;
  if (!facts.collective.empty()) collective = collective_from_name(facts.collective);
  for_each_line(text, [&](int number, std::string_view line) {
    const Words words = split_words(line);
    if (words.empty()) return;
    if (words[0].starts_with('#')) {
      if (const auto found = collective_of(line)) collective = found;
      return;
    }
    const std::optional<std::int64_t> size = whole_number(words[0]);
    if (!size || words.size() < 2) return;
    const std::string where = file + ":" + std::to_string(number) + ": ";
    if (!collective)
      throw ConfigError(where + "no title says which collective this is; accepted: --collective NAME");
    const std::optional<double> time = real_number(words[1]);
    if (!time || *time <= 0) {
      throw ConfigError(where + "latency \"" + std::string(words[1]) + "\"; accepted: microseconds above 0");
    }
    if (*size == 0) return;
    CollectiveRow row;
    row.collective = *collective;
    row.message = Bytes(message_bytes(collective, static_cast<double>(*size), facts.ranks));
    row.dtype = DataType::fp32;
    row.timing.median = Seconds(*time * 1e-6);
    add_point(out, std::move(row), where);
  });
  if (out.rows.empty()) {
    throw ConfigError(
        file + ": holds no result of the OSU benchmarks; accepted: \"# Size  Avg Latency(us)\" and its rows");
  }
  set_ranks(out, file, facts.ranks, std::max(1, facts.nodes));
  return out;
}

}  // namespace traincast
