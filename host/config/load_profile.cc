#include "host/config/load_profile.h"

#include <array>

#include "host/base/file.h"
#include "host/config/reader.h"

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

OpRow read_op_row(Reader& row) {
  const auto op = row.choice<std::size_t>("op", kOpNames);
  return {
      .op = kOpReaders[op](row), .timing = read_timing(row), .sustained = row.boolean_or("sustained", false)};
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
  return result;
}

ProfileDevice read_device(Reader device) {
  return {.backend = device.text_or("backend", ""),
          .name = device.text_or("name", ""),
          .driver = device.text_or("driver", ""),
          .memory = Bytes(device.number_or("memory_bytes", 0, 0)),
          .last_level_cache = Bytes(device.number_or("last_level_cache_bytes", 0, 0)),
          .multiprocessors = static_cast<int>(device.count_or("multiprocessors", 0, 0))};
}

}  // namespace

Profile parse_profile(std::string_view text, const std::filesystem::path& file) {
  Reader root = Reader::from_text(text, file.string());
  Profile profile;
  // First, so that a newer file is refused for its version and not for a key that this program does not know.
  const std::int64_t version = root.count("schema_version", 0);
  if (version != kProfileSchemaVersion) {
    root.fail("schema_version", "this program reads version " + std::to_string(kProfileSchemaVersion) +
                                    " and the file has version " + std::to_string(version));
  }
  profile.name = file.stem().string();
  profile.from = root.provenance();
  profile.gpu = root.text_or("gpu", "");
  profile.tool_version = root.text_or("tool_version", "");
  profile.when = root.text_or("when", "");
  if (auto device = root.object_if("device")) profile.device = read_device(*device);
  profile.libraries = root.text_map_or_none("libraries");
  profile.hosts = root.texts_or_none("hosts");
  profile.communicator = root.text_or("communicator", "");
  profile.ranks = static_cast<int>(root.count_or("ranks", 1));
  profile.nodes = static_cast<int>(root.count_or("nodes", 1));
  for (Reader& row : root.objects("ops")) profile.ops.push_back(read_op_row(row));
  for (Reader& row : root.objects("collectives")) profile.collectives.push_back(read_collective_row(row));
  root.finish();
  return profile;
}

Profile load_profile(const std::filesystem::path& file) {
  return parse_profile(read_file(file), file);
}

Profile load_profile(const ConfigStore& store, std::string_view name_or_path) {
  return load_profile(store.path(ConfigKind::profiles, name_or_path));
}

}  // namespace traincast
