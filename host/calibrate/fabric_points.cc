// Reads measured collectives from CSV.
#include <algorithm>
#include <array>
#include <string_view>

#include "host/base/errors.h"
#include "host/calibrate/fabric.h"

namespace traincast {
namespace {

constexpr std::array<std::string_view, 8> kColumns = {
    "op", "nodes", "gpus", "gpus_per_node", "bytes", "time_out_of_place_us", "time_in_place_us", "time_us"};
constexpr int kDefaultPerNode = 8;

// Appends: GCC 12 warns wrongly of overlapping copies in "text" + std::string.
template <typename... Texts>
std::string concat(Texts... texts) {
  std::string all;
  (all.append(texts), ...);
  return all;
}

class PointReader {
 public:
  explicit PointReader(const CsvTable& table) : table_(table) {}

  std::vector<CollectivePoint> read() {
    check_header();
    if (table_.rows() == 0) {
      throw ConfigError(concat(table_.file(), ": no data; accepted: a header and at least one row"));
    }
    std::vector<CollectivePoint> points;
    points.reserve(table_.rows());
    for (row_ = 0; row_ < table_.rows(); ++row_) points.push_back(point());
    return points;
  }

 private:
  [[noreturn]] void fail_header(std::string_view column, std::string_view what) const {
    throw ConfigError(concat(table_.file(), ":1: column ", column, ": ", what));
  }
  [[noreturn]] void fail(std::string_view column, std::string_view accepted) const {
    table_.refuse(row_, column, accepted);
  }

  void check_header() const {
    for (const std::string& column : table_.columns()) {
      if (std::find(kColumns.begin(), kColumns.end(), column) != kColumns.end()) continue;
      std::string accepted;
      for (const std::string_view known : kColumns)
        accepted.append(accepted.empty() ? "" : " ").append(known);
      fail_header(column, concat("unknown; accepted: ", accepted));
    }
    if (!has("bytes")) fail_header("bytes", "missing; accepted: a column of message bytes");
    if (!has("time_out_of_place_us") && !has("time_us")) {
      fail_header("time_out_of_place_us", "missing; accepted: this column or time_us, in microseconds");
    }
    if (has("gpus") == has("nodes")) {
      fail_header("gpus", "accepted: either gpus (all of them) or nodes (with gpus_per_node)");
    }
  }

  bool has(std::string_view column) const { return table_.has(column); }
  const std::string& cell(std::string_view column) const { return table_.text(row_, column); }
  double positive(std::string_view column) const { return table_.positive(row_, column); }
  int count(std::string_view column) const { return static_cast<int>(table_.positive_count(row_, column)); }
  Collective op() const {
    if (!has("op")) return Collective::all_reduce;
    for (int i = 0; i < kCollectives; ++i) {
      const auto collective = static_cast<Collective>(i);
      std::string plain(name(collective));
      if (cell("op") == plain) return collective;
      std::erase(plain, '_');
      if (cell("op") == plain) return collective;
    }
    fail("op", "all_reduce all_gather reduce_scatter all_to_all send_recv, with or without the underscore");
  }

  CollectivePoint point() const {
    CollectivePoint p;
    p.op = op();
    const int per_node = has("gpus_per_node") ? count("gpus_per_node") : kDefaultPerNode;
    if (has("gpus")) {
      p.gpus = count("gpus");
      p.nodes = (p.gpus + per_node - 1) / per_node;
      if (p.nodes > 1 && p.gpus % per_node != 0) {
        fail("gpus", concat("up to ", std::to_string(per_node), " or a multiple of it"));
      }
    } else {
      p.nodes = count("nodes");
      if (static_cast<double>(p.nodes) * per_node > 1e9) fail("nodes", "up to 1000000000 GPUs in all");
      p.gpus = p.nodes * per_node;
    }
    if (p.gpus < 2) fail(has("gpus") ? "gpus" : "nodes", "2 GPUs or more");
    p.bytes = Bytes(positive("bytes"));
    p.measured = Seconds(positive(has("time_out_of_place_us") ? "time_out_of_place_us" : "time_us") * 1e-6);
    if (has("time_in_place_us")) positive("time_in_place_us");
    return p;
  }

  const CsvTable& table_;
  std::size_t row_ = 0;
};

}  // namespace

std::vector<CollectivePoint> read_collective_points(const CsvTable& table) {
  return PointReader(table).read();
}

}  // namespace traincast
