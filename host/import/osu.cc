// The tables of the OSU micro-benchmarks: one title each ("# OSU MPI-CUDA Allreduce Latency Test v7.4"), then
// lines of a size in bytes and a latency in us, or for point-to-point tests a bandwidth in 10^6 B/s.
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
  std::string_view name;  // the title's words between the library and "Test", in lower case
  Collective collective;
  bool pair = false;       // between two ranks
  bool bandwidth = false;  // the second column
};
constexpr std::array<OsuTest, 6> kTests = {
    {{"allreduce latency", Collective::all_reduce},
     {"allgather latency", Collective::all_gather},
     {"reduce_scatter latency", Collective::reduce_scatter},
     {"all-to-all personalized exchange latency", Collective::all_to_all},
     {"latency", Collective::send_recv, true},
     {"bandwidth", Collective::send_recv, true, true}}};

struct Title {
  std::string library;  // "MPI-CUDA", "NCCL"
  std::string test;
};

// None where the line is no title.
std::optional<Title> title_of(const Words& words) {
  if (words.size() < 5 || words[1] != "OSU") return std::nullopt;
  const auto end = std::find(words.begin() + 3, words.end(), "Test");
  if (end == words.end()) return std::nullopt;
  Title title{.library = std::string(words[2])};
  for (auto word = words.begin() + 3; word != end; ++word) {
    if (!title.test.empty()) title.test += ' ';
    for (const char c : *word) title.test += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  // Versions differ in how they write it.
  if (title.test == "alltoall latency") title.test = "all-to-all personalized exchange latency";
  return title;
}

const OsuTest& test_of(const Title& title, const std::string& where) {
  if (title.library == "MPI") {
    throw ConfigError(where +
                      "\"OSU MPI\" measured the memory of the host; accepted: a run with -d cuda (\"OSU "
                      "MPI-CUDA\"), or the tests of NCCL");
  }
  for (const OsuTest& test : kTests) {
    if (test.name == title.test) return test;
  }
  throw ConfigError(
      where + "\"" + title.test +
      " test\" has no place in a profile; accepted: osu_allreduce osu_allgather osu_reduce_scatter "
      "osu_alltoall osu_latency osu_bw");
}

const OsuTest* test_of(Collective collective) {
  for (const OsuTest& test : kTests) {
    if (test.collective == collective) return &test;
  }
  return nullptr;
}

// OSU's size: all-reduce and reduce-scatter, the whole buffer of a rank; all-gather and all-to-all, what a
// rank gives to each other one.
double message_bytes(Collective collective, double size, int ranks) {
  const bool per_peer = collective == Collective::all_gather || collective == Collective::all_to_all;
  return per_peer ? size * ranks : size;
}

class Reader {
 public:
  Reader(const std::string& file, const BandwidthTestFacts& facts) : file_(file), facts_(facts) {
    if (facts.collective.empty()) return;
    if (const auto stated = collective_from_name(facts.collective)) test_ = test_of(*stated);
  }

  void line(int number, std::string_view text) {
    const Words words = split_words(text);
    if (words.empty()) return;
    where_ = file_ + ":" + std::to_string(number) + ": ";
    if (words[0].starts_with('#')) {
      if (const auto title = title_of(words)) {
        test_ = &test_of(*title, where_);
        out_.communicator = title->library.starts_with("MPI") ? "mpi" : "nccl";
      }
      if (std::find(words.begin(), words.end(), "HOST") != words.end()) {
        throw ConfigError(where_ +
                          "a buffer in the memory of the host (H); accepted: both on the device, D D");
      }
    } else if (const auto size = whole_number(words[0]); size && words.size() > 1) {
      result(words, *size);
    }
  }

  BandwidthTest done() {
    if (out_.rows.empty()) {
      throw ConfigError(file_ +
                        ": holds no result of the OSU benchmarks; accepted: \"# Size  Avg Latency(us)\" and "
                        "its rows");
    }
    return std::move(out_);
  }

 private:
  void result(const Words& words, std::int64_t size) {
    if (test_ == nullptr) {
      throw ConfigError(where_ + "no title says which collective this is; accepted: --collective NAME");
    }
    const std::optional<double> figure = real_number(words[1]);
    if (!figure || *figure <= 0) {
      throw ConfigError(where_ + (test_->bandwidth ? "bandwidth" : "latency") + " \"" +
                        std::string(words[1]) +
                        "\"; accepted: " + (test_->bandwidth ? "MB/s" : "microseconds") + " above 0");
    }
    // Versions print the validation last, or before the tail latencies.
    const auto says = [&](std::string_view word) {
      return std::find(words.begin() + 2, words.end(), word) != words.end();
    };
    if (says("Fail")) throw ConfigError(where_ + "the validation failed; accepted: Pass");
    if (size == 0) return;
    const int ranks = test_->pair && facts_.ranks == 0 ? 2 : facts_.ranks;
    if (ranks < 2) {
      throw ConfigError(file_ + ": OSU does not print the number of ranks; accepted: --ranks N, 2 or more");
    }
    const auto bytes = static_cast<double>(size);
    CollectiveRow row;
    row.collective = test_->collective;
    row.message = Bytes(message_bytes(test_->collective, bytes, ranks));
    row.dtype = DataType::fp32;
    row.verified = says("Pass");
    row.timing.median = Seconds(test_->bandwidth ? bytes / (*figure * 1e6) : *figure * 1e-6);
    add_point(out_, std::move(row), where_);
    set_ranks(out_, out_.rows.size() - 1, file_, ranks, std::max(1, facts_.nodes));
  }

  const std::string& file_;
  const BandwidthTestFacts& facts_;
  std::string where_;
  const OsuTest* test_ = nullptr;
  BandwidthTest out_;
};

}  // namespace

BandwidthTest import_osu(std::string_view text, const std::string& file, const BandwidthTestFacts& facts) {
  Reader reader(file, facts);
  for_each_line(text, [&](int number, std::string_view line) { reader.line(number, line); });
  return reader.done();
}

}  // namespace traincast
