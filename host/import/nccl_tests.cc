// The table that nccl-tests prints (src/util.cu, and src/common.cu of earlier versions): its header says
// which columns there are, which differs between versions.
#include "host/import/nccl_tests.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "host/base/errors.h"
#include "host/import/test_lines.h"

namespace traincast {
namespace {

// Where the figures of a line stand, out of place (the first of each name).
struct Columns {
  std::size_t type = 2, time = 5, wrong = 8;
  std::size_t least = 9;     // words of a line
  bool counts_wrong = true;  // else the greatest difference, of versions before 2.11: above 0 as a rule
  bool of_device = true;     // else the time of the host's calls, -C
};

std::optional<Columns> columns_of(const Words& header) {
  const auto at = [&](std::string_view name) {
    const auto found = std::find(header.begin(), header.end(), name);
    return static_cast<std::size_t>(found - header.begin()) - 1;  // the first word is '#'
  };
  const std::size_t none = header.size() - 1;
  if (header.size() < 3 || header[1] != "size" || at("algbw") == none) return std::nullopt;
  Columns columns;
  columns.of_device = at("cputime") == none;
  columns.type = at("type");
  columns.time = columns.of_device ? at("time") : at("cputime");
  columns.counts_wrong = at("#wrong") != none;
  columns.wrong = columns.counts_wrong ? at("#wrong") : at("error");
  columns.least = std::max({columns.type, columns.wrong, columns.time}) + 1;
  if (columns.time == none || columns.wrong == none || columns.type == none) return std::nullopt;
  return columns;
}

// Launchers put the rank before each line: "[1,0]<stdout>:", "0: ".
std::string_view without_tag(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon > 24) return line;
  const std::string_view tag = line.substr(0, colon);
  const bool number = tag.find_first_not_of(" 0123456789") == std::string_view::npos &&
                      tag.find_first_of("0123456789") != std::string_view::npos;
  const bool stream = tag.starts_with('[') && tag.ends_with('>');
  return number || stream ? line.substr(colon + 1) : line;
}

class Reader {
 public:
  Reader(const std::string& file, const BandwidthTestFacts& facts) : file_(file), facts_(facts) {
    begin_run();
  }

  void line(int number, std::string_view text) {
    const Words words = split_words(without_tag(text));
    if (words.empty()) return;
    where_ = file_ + ":" + std::to_string(number) + ": ";
    if (words[0].starts_with('#')) {
      comment(words);
    } else {
      result(words);
    }
  }

  BandwidthTest done() {
    if (out_.rows.size() > first_ || first_ == 0) end_run();
    return std::move(out_);
  }

 private:
  void begin_run() {
    run_ = {};
    forget_ranks();
    columns_.reset();
    if (!facts_.collective.empty()) run_.collective = collective_from_name(facts_.collective);
    first_ = out_.rows.size();
  }

  void forget_ranks() {
    groups_.clear();
    seen_.clear();
  }

  void end_run() {
    // All groups are as large as the first: one communicator each.
    const auto group = groups_.begin();
    if (group != groups_.end()) run_.hosts = group->second;
    run_.ranks = static_cast<int>(run_.hosts.size());
    finish_nccl_run(out_, first_, run_, file_, facts_);
    if (out_.hosts.size() < run_.hosts.size()) out_.hosts = run_.hosts;
  }

  void comment(const Words& words) {
    const auto has = [&](std::size_t at, std::string_view word) {
      return words.size() > at && words[at] == word;
    };
    // A file may hold the output of several runs, one behind the other.
    const bool start = has(1, "nThread") || has(1, "nccl-tests") || has(2, "test");
    if (start && out_.rows.size() > first_) {
      end_run();
      begin_run();
    }
    if (has(1, "Using") && has(2, "devices") && !seen_.empty())
      forget_ranks();  // a run that failed stands before
    if (has(1, "Rank")) rank(words);
    if (has(1, "Out") && has(3, "bounds")) bounds(words);
    if (const auto columns = columns_of(words)) {
      columns_ = columns;
      if (!columns->of_device) {
        throw ConfigError(where_ + "cputime: the time of the host's calls (-C); accepted: a run without -C");
      }
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == "starting:" && i + 1 < words.size()) {
        run_.program = words[i + 1];
        run_.collective = nccl_tests_collective(run_.program);
      }
      constexpr std::string_view kLibrary = "nccl-library=";
      if (words[i].starts_with(kLibrary))
        out_.nccl_version = printable(nccl_version_text(words[i].substr(kLibrary.size())));
    }
  }

  // "#  Rank  0 Group  0 Pid 123 on host device  0 [0000:1b:00] NVIDIA H100 80GB HBM3"; versions before 2.14
  // have no group.
  void rank(const Words& words) {
    const auto on = std::find(words.begin(), words.end(), "on");
    const auto bracket =
        std::find_if(words.begin(), words.end(), [](std::string_view w) { return w.ends_with(']'); });
    if (on == words.end() || on + 1 == words.end() || bracket == words.end()) return;
    if (words.size() > 2 && !seen_.emplace(words[2]).second) {
      throw ConfigError(
          where_ + "rank " + std::string(words[2]) +
          " for the second time: programs that know nothing of each other; accepted: nccl-tests built "
          "with MPI=1");
    }
    const auto group = std::find(words.begin(), words.end(), "Group");
    const bool grouped = group != words.end() && group + 1 != words.end();
    groups_[grouped ? whole_number(*(group + 1)).value_or(0) : 0].push_back(printable(*(on + 1)));
    std::string device;
    for (auto word = bracket + 1; word != words.end(); ++word) {
      device += (device.empty() ? "" : " ") + printable(*word);
    }
    if (out_.device.empty()) out_.device = device;
    if (out_.device != device) {
      throw ConfigError(where_ + "a rank on " + device + " beside " + out_.device +
                        "; accepted: one kind of GPU");
    }
  }

  // "# Out of bounds values : 0 OK"
  void bounds(const Words& words) const {
    const auto colon = std::find(words.begin(), words.end(), ":");
    if (colon == words.end() || colon + 1 == words.end()) return;
    const auto wrong = whole_number(*(colon + 1));
    if (wrong && *wrong > 0) {
      throw ConfigError(where_ + "nccl-tests found " + std::to_string(*wrong) +
                        " values out of bounds; accepted: 0");
    }
  }

  // Lines that are none of the table's are the launcher's.
  void result(const Words& words) {
    const std::optional<std::int64_t> size = whole_number(words[0]);
    if (!size || words.size() < 2 || !whole_number(words[1])) return;
    // Without its header a line is that of the versions since 2.12, with or without the second half.
    if (!columns_ && words.size() != 13 && words.size() != 9) return;
    const Columns columns = columns_.value_or(Columns{});
    if (words.size() < columns.least) return;
    if (!run_.collective) {
      throw ConfigError(where_ +
                        (run_.program.empty()
                             ? "the text does not say which collective this is"
                             : "results of " + run_.program + ", which has no place in a profile") +
                        "; accepted: --collective NAME");
    }
    const std::optional<double> time = real_number(words[columns.time]);
    if (!time) {
      throw ConfigError(where_ + "time \"" + std::string(words[columns.time]) + "\"; accepted: microseconds");
    }
    if (*size == 0 || *time <= 0) return;
    const std::optional<double> wrong = real_number(words[columns.wrong]);
    if (columns.counts_wrong && wrong && *wrong > 0) {
      throw ConfigError(where_ + "nccl-tests found " + std::string(words[columns.wrong]) +
                        " wrong elements; accepted: 0");
    }
    CollectiveRow row;
    row.collective = *run_.collective;
    row.message = Bytes(static_cast<double>(*size));
    row.dtype = nccl_tests_type(words[columns.type]);
    row.verified = wrong.has_value();
    row.timing.median = Seconds(*time * 1e-6);
    add_nccl_row(out_, first_, std::move(row), where_);
  }

  const std::string& file_;
  const BandwidthTestFacts& facts_;
  std::string where_;
  BandwidthTest out_;
  NcclTestsRun run_;
  std::map<std::int64_t, std::vector<std::string>> groups_;  // hosts by communicator
  std::set<std::string, std::less<>> seen_;                  // numbers of ranks
  std::optional<Columns> columns_;
  std::size_t first_ = 0;  // row of the run
};

}  // namespace

BandwidthTest import_nccl_tests(std::string_view text, const std::string& file,
                                const BandwidthTestFacts& facts) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') return import_nccl_tests_json(text, file, facts);
  Reader reader(file, facts);
  for_each_line(text, [&](int number, std::string_view line) { reader.line(number, line); });
  return reader.done();
}

}  // namespace traincast
