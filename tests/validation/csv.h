// Rows of a table of published figures, as tests read them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "host/base/csv.h"

namespace traincast::test {

class CsvRow {
 public:
  CsvRow(const CsvTable& table, std::size_t row) : table_(table), row_(row) {}
  const std::string& text(std::string_view column) const { return table_.text(row_, column); }
  bool has(std::string_view column) const { return !text(column).empty(); }
  double number(std::string_view column, double otherwise = 0) const {
    return table_.number(row_, column).value_or(otherwise);
  }
  std::int64_t count(std::string_view column, std::int64_t otherwise = 0) const {
    return table_.count(row_, column).value_or(otherwise);
  }

 private:
  const CsvTable& table_;
  std::size_t row_;
};

// The rows look into the table.
inline std::vector<CsvRow> rows_of(const CsvTable& table) {
  std::vector<CsvRow> rows;
  for (std::size_t row = 0; row < table.rows(); ++row) rows.emplace_back(table, row);
  return rows;
}

// A file of published measurements (in the sub-folder `part`), which are not part of the sources: in the
// folder that the environment's TRAINCAST_SHARED names, else in `shared` beside the source tree or beside its
// parent. Empty where absent.
inline std::filesystem::path shared_file(const std::string& name, const std::string& part = "validation") {
  std::vector<std::filesystem::path> folders;
  if (const char* folder = std::getenv("TRAINCAST_SHARED")) folders.emplace_back(folder);
  const std::filesystem::path source(TRAINCAST_TEST_SOURCE);
  folders.push_back(source / "shared");
  folders.push_back(source / ".." / "shared");
  folders.push_back(source / ".." / ".." / "shared");
  for (const auto& folder : folders) {
    if (std::filesystem::exists(folder / part / name)) return folder / part / name;
  }
  return {};
}

}  // namespace traincast::test
