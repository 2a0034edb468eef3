#include <array>
#include <string_view>

#include "host/config/profile_rows.h"

namespace traincast {
namespace {

// Enumerators' names in order, from the enum's own name().
template <typename Enum, std::size_t kSize>
std::array<std::string_view, kSize> all_names() {
  std::array<std::string_view, kSize> names;
  for (std::size_t i = 0; i < kSize; ++i) names[i] = name(static_cast<Enum>(i));
  return names;
}
template <typename Enum, std::size_t kSize>
Enum read_enum(Reader& row, std::string_view key) {
  static const auto names = all_names<Enum, kSize>();
  return row.choice<Enum>(key, names);
}

DataType read_type(Reader& row) {
  return read_enum<DataType, kDataTypes>(row, "dtype");
}
GemmLayout read_layout(Reader& row) {
  return read_enum<GemmLayout, kGemmLayouts>(row, "layout");
}

Op read_gemm(Reader& row) {
  return Gemm{.m = row.count("m"),
              .n = row.count("n"),
              .k = row.count("k"),
              .dtype = read_type(row),
              .layout = read_layout(row),
              .batch = row.count_or("batch", 1)};
}
Op read_grouped_gemm(Reader& row) {
  return GroupedGemm{.groups = row.count("groups"),
                     .m = row.count("m"),
                     .n = row.count("n"),
                     .k = row.count("k"),
                     .dtype = read_type(row),
                     .layout = read_layout(row)};
}
Op read_attention(Reader& row) {
  return Attention{.batch = row.count("batch"),
                   .query_length = row.count("query_length"),
                   .kv_length = row.count("kv_length"),
                   .heads = row.count("heads"),
                   .kv_heads = row.count("kv_heads"),
                   .head_dim = row.count("head_dim"),
                   .value_dim = row.count("value_dim"),
                   .causal = row.boolean("causal"),
                   .pass = read_enum<Pass, 2>(row, "pass"),
                   .dtype = read_type(row)};
}
constexpr std::int64_t kMaxElements = 1'000'000'000'000;
Op read_memory(Reader& row) {
  return MemoryBound{.kind = read_enum<MemoryKind, kMemoryKinds>(row, "kind"),
                     .rows = row.count("rows", 1, kMaxElements),
                     .columns = row.count("columns", 1, kMaxElements),
                     .dtype = read_type(row)};
}

// In the order of Op's alternatives; the names are those of op_class.
constexpr std::string_view kOpNames[] = {"gemm", "grouped_gemm", "attention", "memory"};
constexpr Op (*kOpReaders[])(Reader&) = {read_gemm, read_grouped_gemm, read_attention, read_memory};
static_assert(std::size(kOpNames) == std::variant_size_v<Op>);
static_assert(std::size(kOpReaders) == std::variant_size_v<Op>);

// Times above zero: a rate divides by them. A skipped row has a reason in place of a figure.
Timing read_timing(Reader& row) {
  constexpr double kShortest = 1e-12;
  constexpr double kLongest = 1e9;
  Timing timing;
  timing.skipped = row.text_or("skipped", "");
  if (!timing.skipped.empty()) {
    if (row.has("median_s")) row.fail("median_s", "a row with \"skipped\" has no time");
    return timing;
  }
  timing.median = Seconds(row.number("median_s", kShortest, kLongest));
  timing.samples_s = row.numbers_or_none("samples_s", kShortest, kLongest);
  timing.rank_medians_s = row.numbers_or_none("rank_medians_s", kShortest, kLongest);
  return timing;
}

DeviceState read_state(Reader& row) {
  constexpr double kHighestClock = 1e11;
  constexpr double kHighestPower = 1e6;
  DeviceState state;
  if (row.has("clock_hz")) state.clock = Frequency(row.number("clock_hz", 0, kHighestClock));
  if (row.has("power_w")) state.power = Watts(row.number("power_w", 0, kHighestPower));
  if (row.has("temperature_c")) state.temperature_c = row.number("temperature_c", -273, 1000);
  state.throttle = row.texts_or_none("throttle");
  return state;
}

double read_slowdown(Reader& row) {
  return row.number_or("slowdown", 0, 1e-9, 1e9);
}
Seconds read_seconds(Reader& row, std::string_view key) {
  return Seconds(row.number_or(key, 0, 0, 1e9));
}

}  // namespace

OpRow read_op_row(Reader& row) {
  const auto op = row.choice<std::size_t>("op", kOpNames);
  return {.op = kOpReaders[op](row),
          .timing = read_timing(row),
          .sustained = row.boolean_or("sustained", false),
          .algorithm = row.text_or("algorithm", ""),
          .best = read_seconds(row, "best_s"),
          .best_algorithm = row.text_or("best_algorithm", ""),
          .during = row.text_or("during", ""),
          .slowdown = read_slowdown(row),
          .state = read_state(row)};
}

CollectiveRow read_collective_row(Reader& row) {
  CollectiveRow result;
  result.collective = read_enum<Collective, kCollectives>(row, "collective");
  result.message = Bytes(row.number("message_bytes", 1, 1e18));
  result.dtype = read_type(row);
  result.ranks = static_cast<int>(row.count("ranks"));
  result.nodes = static_cast<int>(row.count("nodes", 1, result.ranks));
  result.algorithm = row.text_or("algorithm", "");
  result.verified = row.boolean_or("verified", false);
  result.timing = read_timing(row);
  result.protocol = row.text_or("protocol", "");
  result.channels = static_cast<int>(row.count_or("channels", 0, 0));
  result.estimate = read_seconds(row, "estimated_s");
  result.in_place = row.boolean_or("in_place", false);
  result.tier = row.text_or("tier", "");
  result.groups = static_cast<int>(row.count_or("groups", 1));
  result.during = row.text_or("during", "");
  result.slowdown = read_slowdown(row);
  result.state = read_state(row);
  return result;
}

HostOpRow read_host_op_row(Reader& row) {
  constexpr std::string_view kNames[] = {"kernel_launch", "host_copy"};
  HostOpRow result;
  if (row.choice<std::size_t>("op", kNames) == 1) {
    result.op = HostCopy{.direction = read_enum<CopyDirection, kCopyDirections>(row, "direction"),
                         .bytes = row.count("bytes", 1, kMaxElements)};
  }
  result.timing = read_timing(row);
  result.state = read_state(row);
  return result;
}

StorageRow read_storage_row(Reader& row) {
  StorageRow result;
  result.folder = row.text("folder");
  result.writers = static_cast<int>(row.count("writers"));
  result.nodes = static_cast<int>(row.count("nodes", 1, result.writers));
  result.bytes = Bytes(row.number("bytes", 1, 1e18));
  result.timing = read_timing(row);
  result.node_byte_per_s = row.numbers_or_none("node_byte_per_s", 0, 1e18);
  return result;
}

SlowDevice read_slow_device(Reader& row) {
  return {.rank = static_cast<int>(row.count("rank", 0)),
          .host = row.text_or("host", ""),
          .device = row.text_or("device", ""),
          .slowdown = row.number("slowdown", 0, 1e9),
          .limit = row.number("limit", 0, 1e9)};
}

PassProgress read_pass_progress(Reader& row) {
  PassProgress result;
  result.pass = row.text("pass");
  result.of = row.count("of", 0);
  result.points = row.count("points", 0, result.of);
  result.spent = Seconds(row.number("spent_s", 0, 1e9));
  return result;
}

}  // namespace traincast
