// Comma-separated tables with a header row (RFC 4180: quoted fields, doubled quotes). Columns are found by
// name.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace traincast {

class CsvTable {
 public:
  // Throws ConfigError naming `file` and line: no header, a row with another number of fields, an unclosed
  // quote.
  static CsvTable parse(std::string_view text, std::string file);

  std::size_t rows() const { return rows_.size(); }
  const std::string& file() const { return file_; }
  bool has(std::string_view column) const { return index_of(column).has_value(); }
  // Throws ConfigError naming the file and the columns it lacks.
  void require(const std::vector<std::string_view>& columns) const;

  // The field's text, or "" where the file has no such column.
  const std::string& text(std::size_t row, std::string_view column) const;
  // Absent where the field is empty or the column missing. Throws ConfigError naming file, line, column and
  // text where it is not a finite number (not a whole number).
  std::optional<double> number(std::size_t row, std::string_view column) const;
  std::optional<long long> count(std::size_t row, std::string_view column) const;

  int line(std::size_t row) const { return lines_[row]; }  // in the file, counted from 1

 private:
  std::optional<std::size_t> index_of(std::string_view column) const;
  [[noreturn]] void refuse(std::size_t row, std::string_view column, std::string_view accepted) const;

  std::string file_;
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<int> lines_;
};

}  // namespace traincast
