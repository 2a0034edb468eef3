#include "host/base/csv.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "host/base/errors.h"

namespace traincast {
namespace {

// Reads one record from `text` at `position`, which moves past its line end. Counts lines.
std::vector<std::string> read_record(std::string_view text, std::size_t& position, int& line,
                                     const std::string& file) {
  std::vector<std::string> fields(1);
  const int first_line = line;
  bool quoted = false;
  while (position < text.size()) {
    const char c = text[position++];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (position < text.size() && text[position] == '"') {
        fields.back() += text[position++];
      } else {
        quoted = false;
      }
    } else if (c == '"' && fields.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '\n') {
      return fields;
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  if (quoted) throw ConfigError(file + ":" + std::to_string(first_line) + ": a quoted field is not closed");
  return fields;
}

}  // namespace

CsvTable CsvTable::parse(std::string_view text, std::string file) {
  CsvTable table;
  table.file_ = std::move(file);
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  std::size_t position = 0;
  int line = 1;
  if (text.empty()) throw ConfigError(table.file_ + ": is empty; expected a CSV header row");
  table.header_ = read_record(text, position, line, table.file_);
  while (position < text.size()) {
    const int start = line;
    std::vector<std::string> fields = read_record(text, position, line, table.file_);
    if (fields.size() == 1 && fields[0].empty()) continue;
    if (fields.size() != table.header_.size()) {
      throw ConfigError(table.file_ + ":" + std::to_string(start) + ": has " + std::to_string(fields.size()) +
                        " fields; the header has " + std::to_string(table.header_.size()));
    }
    table.rows_.push_back(std::move(fields));
    table.lines_.push_back(start);
  }
  return table;
}

std::optional<std::size_t> CsvTable::index_of(std::string_view column) const {
  for (std::size_t i = 0; i < header_.size(); ++i) {
    if (header_[i] == column) return i;
  }
  return std::nullopt;
}

void CsvTable::require(const std::vector<std::string_view>& columns) const {
  std::string missing;
  for (std::string_view column : columns) {
    if (!has(column)) missing += (missing.empty() ? "" : " ") + std::string(column);
  }
  if (!missing.empty()) throw ConfigError(file_ + ":1: the header lacks the columns " + missing);
}

const std::string& CsvTable::text(std::size_t row, std::string_view column) const {
  static const std::string kNothing;
  const auto index = index_of(column);
  return index ? rows_[row][*index] : kNothing;
}

void CsvTable::refuse(std::size_t row, std::string_view column, std::string_view accepted) const {
  throw ConfigError(file_ + ":" + std::to_string(lines_[row]) + ": column " + std::string(column) + ": \"" +
                    text(row, column) + "\" is not accepted; accepted: " + std::string(accepted));
}

std::optional<double> CsvTable::number(std::size_t row, std::string_view column) const {
  const std::string& field = text(row, column);
  if (field.empty()) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(value)) {
    refuse(row, column, "a number, or nothing");
  }
  return value;
}

std::optional<long long> CsvTable::count(std::size_t row, std::string_view column) const {
  const std::optional<double> value = number(row, column);
  if (!value) return std::nullopt;
  if (*value < 0 || *value > 1e15 || *value != std::floor(*value))
    refuse(row, column, "a whole number, or nothing");
  return static_cast<long long>(*value);
}

}  // namespace traincast
