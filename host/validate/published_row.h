// One row's columns, and the defaults taken where it has none. Internal to the readers of published runs.
#pragma once

#include <algorithm>
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
  std::optional<std::int64_t> stated(std::string_view column) const { return table_.count(row_, column); }
  std::int64_t count(std::string_view column, std::int64_t fallback) {
    const auto value = table_.count(row_, column);
    if (value && *value > 0) return *value;
    run_.assumptions.push_back(std::string(column) + " not stated: " + std::to_string(fallback));
    return fallback;
  }
  std::int64_t count_silently(std::string_view column, std::int64_t fallback) const {
    const auto value = table_.count(row_, column);
    return value && *value > 0 ? *value : fallback;
  }

 private:
  const CsvTable& table_;
  std::size_t row_;
  PublishedRun& run_;
};

// One reader a layout; each leaves a reason in a row that it cannot express.
PublishedRun read_published(const CsvTable& table, std::size_t index, const std::vector<Transformer>& known);
PublishedRun read_vtrain(const CsvTable& table, std::size_t index);
PublishedRun read_simumax(const CsvTable& table, std::size_t index, const std::vector<Transformer>& known);

}  // namespace traincast
