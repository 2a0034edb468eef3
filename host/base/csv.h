// Comma-separated tables with a header row (RFC 4180: quoted fields, doubled quotes; blanks around unquoted
// fields do not count). Columns are found by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace traincast {

class CsvTable {
 public:
  // Throws ConfigError naming `file` and line: no header, a column named twice, a row with another number of
  // fields, an unclosed quote.
  static CsvTable parse(std::string_view text, std::string file);
  static CsvTable from_file(const std::filesystem::path& path);

  std::size_t rows() const { return rows_.size(); }
  const std::string& file() const { return file_; }
  const std::vector<std::string>& columns() const { return header_; }
  bool has(std::string_view column) const { return index_of(column).has_value(); }
  // Throws ConfigError naming the file and the columns it lacks.
  void require(const std::vector<std::string_view>& columns) const;

  // The field's text, or "" where the file has no such column.
  const std::string& text(std::size_t row, std::string_view column) const;
  // Absent where the field is empty or the column missing. Throws ConfigError naming file, line, column and
  // text where it is not a finite number (not a whole number from 0 to `most`).
  std::optional<double> number(std::size_t row, std::string_view column) const;
  std::optional<std::int64_t> count(std::size_t row, std::string_view column,
                                    std::int64_t most = kMaxCount) const;
  // The same for fields that must be there: a finite number above 0, a whole number from 1 to kMaxCount.
  double positive(std::size_t row, std::string_view column) const;
  std::int64_t positive_count(std::size_t row, std::string_view column) const;

  // Throws ConfigError: file, line, column and text, then what is accepted.
  [[noreturn]] void refuse(std::size_t row, std::string_view column, std::string_view accepted) const;

  // Keeps every product of four lengths a finite double.
  static constexpr std::int64_t kMaxCount = 1'000'000'000;

 private:
  std::optional<std::size_t> index_of(std::string_view column) const;

  std::string file_;
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<int> lines_;
};

}  // namespace traincast
