#include "host/calibrate/kernel_csv.h"

#include <array>
#include <string_view>
#include <utility>

#include "host/base/errors.h"

namespace traincast {
namespace {

// One line of the table, read by column name.
class Line {
 public:
  Line(const CsvTable& table, std::size_t row) : table_(table), row_(row) {}

  bool has(std::string_view column) const { return table_.has(column); }
  const std::string& text(std::string_view column) const { return table_.text(row_, column); }
  std::int64_t count(std::string_view column) const { return table_.positive_count(row_, column); }
  std::int64_t count(std::string_view column, std::int64_t otherwise) const {
    return has(column) ? count(column) : otherwise;
  }
  double positive(std::string_view column) const { return table_.positive(row_, column); }
  [[noreturn]] void refuse(std::string_view column, std::string_view accepted) const {
    table_.refuse(row_, column, accepted);
  }

 private:
  const CsvTable& table_;
  std::size_t row_;
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
bool is_attention(const CsvTable& table) {
  const bool attention = table.has("head_dim");
  const std::vector<std::string_view> needed =
      attention ? std::vector<std::string_view>{"batch", "seq", "heads", "kv_heads", "head_dim", "time_us"}
                : std::vector<std::string_view>{"dtype", "m", "n", "k", "time_us"};
  for (const std::string_view column : needed) {
    if (table.has(column)) continue;
    throw ConfigError(table.file() + ":1: no column " + std::string(column) +
                      "; accepted: dtype,m,n,k,time_us or batch,seq,heads,kv_heads,head_dim,time_us");
  }
  return attention;
}

}  // namespace

std::vector<KernelPoint> read_kernel_csv(const CsvTable& table) {
  const bool attentions = is_attention(table);
  if (table.rows() == 0) throw ConfigError(table.file() + ": no data; accepted: a header and rows");
  std::vector<KernelPoint> points;
  points.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const Line line(table, row);
    const Op op = attentions ? attention(line) : gemm(line);
    points.push_back({op, Seconds(line.positive("time_us") * 1e-6)});
  }
  return points;
}

}  // namespace traincast
