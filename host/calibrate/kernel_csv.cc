#include "host/calibrate/kernel_csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string_view>
#include <utility>

#include "host/base/errors.h"

namespace traincast {
namespace {

std::vector<std::string> cells_of(std::string line) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
  std::vector<std::string> cells;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = std::min(line.find(',', begin), line.size());
    std::string_view cell(line.data() + begin, end - begin);
    while (!cell.empty() && cell.front() == ' ') cell.remove_prefix(1);
    while (!cell.empty() && cell.back() == ' ') cell.remove_suffix(1);
    cells.emplace_back(cell);
    if (end == line.size()) return cells;
    begin = end + 1;
  }
}

// One line of the table, read by column name.
class Line {
 public:
  Line(const std::string& file, const std::vector<std::string>& header) : file_(file), header_(header) {}

  void next(int number, std::vector<std::string> cells) {
    number_ = number;
    cells_ = std::move(cells);
    if (cells_.size() != header_.size()) {
      throw ConfigError(file_ + ":" + std::to_string(number_) + ": " + std::to_string(cells_.size()) +
                        " cells; the header has " + std::to_string(header_.size()));
    }
  }
  bool has(std::string_view column) const {
    return std::find(header_.begin(), header_.end(), column) != header_.end();
  }
  const std::string& text(std::string_view column) const {
    return cells_[static_cast<std::size_t>(std::find(header_.begin(), header_.end(), column) -
                                           header_.begin())];
  }
  std::int64_t count(std::string_view column) const {
    constexpr std::int64_t kMost = 1'000'000'000;  // keeps every product of four lengths a finite double
    const std::string& cell = text(column);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc() || end != cell.data() + cell.size() || value < 1 || value > kMost) {
      refuse(column, "an integer from 1 to 1000000000");
    }
    return value;
  }
  std::int64_t count(std::string_view column, std::int64_t otherwise) const {
    return has(column) ? count(column) : otherwise;
  }
  double positive(std::string_view column) const {
    const std::string& cell = text(column);
    double value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value) || value <= 0) {
      refuse(column, "a positive number");
    }
    return value;
  }
  [[noreturn]] void refuse(std::string_view column, const std::string& accepted) const {
    throw ConfigError(file_ + ":" + std::to_string(number_) + ": column \"" + std::string(column) + "\": \"" +
                      text(column) + "\"; accepted: " + accepted);
  }

 private:
  const std::string& file_;
  const std::vector<std::string>& header_;
  int number_ = 1;
  std::vector<std::string> cells_;
};

DataType dtype_of(const Line& line) {
  const std::string& text = line.text("dtype");
  constexpr std::array<std::pair<std::string_view, DataType>, 4> kOthers{{{"bfloat16", DataType::bf16},
                                                                          {"float16", DataType::fp16},
                                                                          {"float32", DataType::fp32},
                                                                          {"fp8", DataType::fp8_e4m3}}};
  for (const auto& [name, type] : kOthers) {
    if (name == text) return type;
  }
  const std::optional<DataType> type = data_type_from_name(text);
  if (!type) line.refuse("dtype", "bfloat16 float16 float32 fp8 bf16 fp16 fp32 fp8_e4m3 fp4");
  return *type;
}

// The word's place among those accepted.
std::size_t one_of(const Line& line, std::string_view column, std::initializer_list<std::string_view> words) {
  std::size_t place = 0;
  std::string accepted;
  for (const std::string_view word : words) {
    if (line.text(column) == word) return place;
    ++place;
    if (!accepted.empty()) accepted += ' ';
    accepted += word;
  }
  line.refuse(column, accepted);
}

Op gemm(const Line& line) {
  Gemm gemm{.m = line.count("m"), .n = line.count("n"), .k = line.count("k"), .dtype = dtype_of(line)};
  if (line.has("layout")) {
    gemm.layout = static_cast<GemmLayout>(one_of(
        line, "layout",
        {name(GemmLayout::forward), name(GemmLayout::data_gradient), name(GemmLayout::weight_gradient)}));
  }
  gemm.batch = line.count("batch", 1);
  return gemm;
}

Op attention(const Line& line) {
  Attention op{.batch = line.count("batch"), .query_length = line.count("seq")};
  op.kv_length = op.query_length;
  op.heads = line.count("heads");
  op.kv_heads = line.count("kv_heads");
  if (op.heads % op.kv_heads != 0) line.refuse("kv_heads", "a divisor of heads");
  op.head_dim = op.value_dim = line.count("head_dim");
  if (line.has("dtype")) op.dtype = dtype_of(line);
  if (line.has("causal")) op.causal = one_of(line, "causal", {"false", "true"}) == 1;
  if (line.has("pass")) op.pass = static_cast<Pass>(one_of(line, "pass", {"forward", "backward"}));
  return op;
}

// Whether the table is of attention; refuses a header that lacks a column.
bool is_attention(const std::string& file, const std::vector<std::string>& header) {
  const auto has = [&header](std::string_view column) {
    return std::find(header.begin(), header.end(), column) != header.end();
  };
  const bool attention = has("head_dim");
  const std::vector<std::string_view> needed =
      attention ? std::vector<std::string_view>{"batch", "seq", "heads", "kv_heads", "head_dim", "time_us"}
                : std::vector<std::string_view>{"dtype", "m", "n", "k", "time_us"};
  for (const std::string_view column : needed) {
    if (has(column)) continue;
    throw ConfigError(file + ":1: no column \"" + std::string(column) +
                      "\"; needed: dtype,m,n,k,time_us or batch,seq,heads,kv_heads,head_dim,time_us");
  }
  for (auto column = header.begin(); column != header.end(); ++column) {
    if (std::find(std::next(column), header.end(), *column) == header.end()) continue;
    throw ConfigError(file + ":1: column \"" + *column + "\" appears twice");
  }
  return attention;
}

}  // namespace

std::vector<KernelPoint> read_kernel_csv(std::istream& in, const std::string& file) {
  std::string text;
  if (!std::getline(in, text)) throw ConfigError(file + ": empty; a header line is needed");
  const std::vector<std::string> header = cells_of(text);
  const bool attentions = is_attention(file, header);
  std::vector<KernelPoint> points;
  Line line(file, header);
  for (int number = 2; std::getline(in, text); ++number) {
    if (text.find_first_not_of(" \r\t") == std::string::npos) continue;
    line.next(number, cells_of(text));
    const Op op = attentions ? attention(line) : gemm(line);
    points.push_back({op, Seconds(line.positive("time_us") * 1e-6)});
  }
  if (points.empty()) throw ConfigError(file + ": a header, but no rows");
  return points;
}

std::vector<KernelPoint> read_kernel_csv(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw ConfigError(file.string() + ": cannot be opened");
  return read_kernel_csv(in, file.string());
}

}  // namespace traincast
