// One row's columns, and the defaults taken where it has none. Internal to the readers of published runs.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/csv.h"
#include "host/validate/published_runs.h"

namespace traincast {

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class Row {
 public:
  Row(const CsvTable& table, std::size_t row, PublishedRun& run) : table_(table), row_(row), run_(run) {}

  const std::string& text(std::string_view column) const { return table_.text(row_, column); }
  std::optional<double> number(std::string_view column) const { return table_.number(row_, column); }
  std::optional<std::int64_t> stated(std::string_view column) const {
    return table_.count(row_, column, most(column));
  }
  std::int64_t count(std::string_view column, std::int64_t fallback) {
    const auto value = stated(column);
    if (value && *value > 0) return *value;
    run_.assumptions.push_back(std::string(column) + " not stated: " + std::to_string(fallback));
    return fallback;
  }
  std::int64_t count_silently(std::string_view column, std::int64_t fallback) const {
    const auto value = stated(column);
    return value && *value > 0 ? *value : fallback;
  }

 private:
  // Far above any machine or model, and so small that three degrees multiplied fit 64 bits and a walk over
  // the layers ends.
  static std::int64_t most(std::string_view column) {
    constexpr std::int64_t kDegrees = 1'000'000, kWidths = 10'000'000, kLayers = 100'000;
    constexpr std::array<std::string_view, 7> kWide = {"gpus",     "hidden",     "heads", "kv_heads",
                                                       "head_dim", "ffn_hidden", "vocab"};
    if (column == "layers") return kLayers;
    if (column == "seq" || column == "gbs_seqs") return CsvTable::kMaxCount;
    return std::find(kWide.begin(), kWide.end(), column) != kWide.end() ? kWidths : kDegrees;
  }

  const CsvTable& table_;
  std::size_t row_;
  PublishedRun& run_;
};

// One reader a layout; each leaves a reason in a row that it cannot express.
PublishedRun read_published(const CsvTable& table, std::size_t index, const std::vector<Transformer>& known);
PublishedRun read_vtrain(const CsvTable& table, std::size_t index);
PublishedRun read_simumax(const CsvTable& table, std::size_t index, const std::vector<Transformer>& known);

}  // namespace traincast
