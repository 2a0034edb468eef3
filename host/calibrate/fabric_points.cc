// Reads measured collectives from CSV.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <istream>
#include <map>
#include <string_view>

#include "host/base/errors.h"
#include "host/calibrate/fabric.h"

namespace traincast {
namespace {

constexpr std::string_view kColumns =
    "op nodes gpus gpus_per_node bytes time_out_of_place_us time_in_place_us time_us";
constexpr int kDefaultPerNode = 8;

// Appends: GCC 12 warns wrongly of overlapping copies in "text" + std::string.
template <typename... Texts>
std::string concat(Texts... texts) {
  std::string all;
  (all.append(texts), ...);
  return all;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t comma = line.find(',');
    std::string_view cell = line.substr(0, comma);
    while (!cell.empty() && (cell.front() == ' ' || cell.front() == '\t')) cell.remove_prefix(1);
    while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\t' || cell.back() == '\r'))
      cell.remove_suffix(1);
    cells.push_back(cell);
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

class PointReader {
 public:
  PointReader(std::istream& in, std::string file) : in_(in), file_(std::move(file)) {}

  std::vector<CollectivePoint> read() {
    read_header();
    std::vector<CollectivePoint> points;
    while (next_line()) {
      cells_ = split(line_);
      if (cells_.size() != width_) {
        fail("", std::to_string(cells_.size()) + " cells; accepted: " + std::to_string(width_) +
                     ", as in the header");
      }
      points.push_back(point());
    }
    if (points.empty()) fail("", "no data; accepted: a header and at least one row");
    return points;
  }

 private:
  [[noreturn]] void fail(std::string_view column, const std::string& what) const {
    throw ConfigError(
        concat(file_, ":", std::to_string(number_), column.empty() ? "" : ", column ", column, ": ", what));
  }

  bool next_line() {
    while (std::getline(in_, line_)) {
      ++number_;
      if (line_.find_first_not_of(" \t\r") != std::string::npos) return true;
    }
    return false;
  }

  void read_header() {
    if (!next_line()) fail("", concat("empty file; accepted: a header with columns among ", kColumns));
    const auto known = split_words(kColumns);
    const auto names = split(line_);
    width_ = names.size();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (std::find(known.begin(), known.end(), names[i]) == known.end()) {
        fail(names[i], concat("unknown column; accepted: ", kColumns));
      }
      if (!columns_.emplace(names[i], i).second) fail(names[i], "named twice; accepted: once");
    }
    if (!has("bytes")) fail("bytes", "missing; accepted: a column of message bytes");
    if (!has("time_out_of_place_us") && !has("time_us")) {
      fail("time_out_of_place_us", "missing; accepted: this column or time_us, in microseconds");
    }
    if (has("gpus") == has("nodes")) {
      fail("gpus", "accepted: either gpus (all of them) or nodes (with gpus_per_node)");
    }
  }
  static std::vector<std::string_view> split_words(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
      const std::size_t space = std::min(text.find(' '), text.size());
      words.push_back(text.substr(0, space));
      text.remove_prefix(std::min(space + 1, text.size()));
    }
    return words;
  }

  bool has(std::string_view column) const { return columns_.find(column) != columns_.end(); }
  std::string_view cell(std::string_view column) const { return cells_[columns_.find(column)->second]; }

  double positive(std::string_view column) const {
    const std::string_view text = cell(column);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) || value <= 0) {
      fail(column, concat("\"", text, "\"; accepted: a number above 0"));
    }
    return value;
  }
  int count(std::string_view column) const {
    const double value = positive(column);
    if (value != std::floor(value) || value > 1e9) {
      fail(column, concat("\"", cell(column), "\"; accepted: a whole number from 1 to 1000000000"));
    }
    return static_cast<int>(value);
  }
  Collective op() const {
    if (!has("op")) return Collective::all_reduce;
    for (int i = 0; i < kCollectives; ++i) {
      const auto collective = static_cast<Collective>(i);
      std::string plain(name(collective));
      if (cell("op") == plain) return collective;
      std::erase(plain, '_');
      if (cell("op") == plain) return collective;
    }
    fail("op", concat("\"", cell("op"),
                      "\"; accepted: all_reduce all_gather reduce_scatter all_to_all send_recv, or without "
                      "underscore"));
  }

  CollectivePoint point() const {
    CollectivePoint p;
    p.op = op();
    const int per_node = has("gpus_per_node") ? count("gpus_per_node") : kDefaultPerNode;
    if (has("gpus")) {
      p.gpus = count("gpus");
      p.nodes = (p.gpus + per_node - 1) / per_node;
      if (p.nodes > 1 && p.gpus % per_node != 0) {
        fail("gpus", std::to_string(p.gpus) + "; accepted: up to " + std::to_string(per_node) +
                         " or a multiple of it");
      }
    } else {
      p.nodes = count("nodes");
      if (static_cast<double>(p.nodes) * per_node > 1e9)
        fail("nodes", "accepted: up to 1000000000 GPUs in all");
      p.gpus = p.nodes * per_node;
    }
    if (p.gpus < 2) fail(has("gpus") ? "gpus" : "nodes", "one GPU; accepted: 2 or more");
    p.bytes = Bytes(positive("bytes"));
    p.measured = Seconds(positive(has("time_out_of_place_us") ? "time_out_of_place_us" : "time_us") * 1e-6);
    if (has("time_in_place_us")) positive("time_in_place_us");
    return p;
  }

  std::istream& in_;
  std::string file_;
  std::string line_;
  int number_ = 0;
  std::size_t width_ = 0;
  std::map<std::string, std::size_t, std::less<>> columns_;
  std::vector<std::string_view> cells_;
};

}  // namespace

std::vector<CollectivePoint> read_collective_points(std::istream& in, const std::string& file_name) {
  return PointReader(in, file_name).read();
}

std::vector<CollectivePoint> read_collective_points(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in)
    throw ConfigError(file.string() + ": cannot be read; accepted: a CSV file of measured collectives");
  return read_collective_points(in, file.string());
}

}  // namespace traincast
