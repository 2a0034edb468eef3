#include "host/base/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

#include "host/base/errors.h"
#include "host/base/file.h"

namespace traincast {
namespace {

// Memory is bounded whatever a file holds (a field takes 32 bytes for as little as one of the file), and so
// is the search for columns named twice.
constexpr std::size_t kMaxColumns = 1'000;
constexpr std::size_t kMaxFields = 10'000'000;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// Reads one record from `text` at `position`, which moves past its line end. Counts lines.
std::vector<std::string> read_record(std::string_view text, std::size_t& position, int& line,
                                     const std::string& file) {
  std::vector<std::string> fields(1);
  const int first_line = line;
  bool quoted = false;      // inside quotes
  bool was_quoted = false;  // this field had some
  const auto end_field = [&] {
    if (!was_quoted) fields.back() = trimmed(fields.back());
    was_quoted = false;
  };
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
      quoted = was_quoted = true;
    } else if (c == ',') {
      end_field();
      if (fields.size() == kMaxColumns) {
        throw ConfigError(file + ":" + std::to_string(first_line) + ": has more than " +
                          std::to_string(kMaxColumns) + " fields; accepted: up to " +
                          std::to_string(kMaxColumns));
      }
      fields.emplace_back();
    } else if (c == '\n') {
      break;
    } else if (!was_quoted || c != '\r') {
      fields.back() += c;
    }
  }
  if (quoted) throw ConfigError(file + ":" + std::to_string(first_line) + ": a quoted field is not closed");
  end_field();
  return fields;
}

}  // namespace

CsvTable CsvTable::parse(std::string_view text, std::string file) {
  CsvTable table;
  table.file_ = std::move(file);
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  std::size_t position = 0;
  int line = 1;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw ConfigError(table.file_ + ": the file is empty; accepted: a CSV table with a header line");
  }
  table.header_ = read_record(text, position, line, table.file_);
  for (auto column = table.header_.begin(); column != table.header_.end(); ++column) {
    if (std::find(std::next(column), table.header_.end(), *column) == table.header_.end()) continue;
    throw ConfigError(table.file_ + ":1: column " + *column + " appears twice; accepted: once");
  }
  while (position < text.size()) {
    const int start = line;
    std::vector<std::string> fields = read_record(text, position, line, table.file_);
    if (fields.size() == 1 && fields[0].empty()) continue;
    if (fields.size() != table.header_.size()) {
      throw ConfigError(table.file_ + ":" + std::to_string(start) + ": has " + std::to_string(fields.size()) +
                        " fields; accepted: " + std::to_string(table.header_.size()) + ", as in the header");
    }
    if ((table.rows_.size() + 1) * fields.size() > kMaxFields) {
      throw ConfigError(table.file_ + ":" + std::to_string(start) + ": one row more than " +
                        std::to_string(table.rows_.size()) + "; accepted: up to " +
                        std::to_string(kMaxFields) + " fields");
    }
    table.rows_.push_back(std::move(fields));
    table.lines_.push_back(start);
  }
  return table;
}

CsvTable CsvTable::from_file(const std::filesystem::path& path) {
  return parse(read_file(path), path.string());
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
                    text(row, column) + "\"; accepted: " + std::string(accepted));
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

std::optional<std::int64_t> CsvTable::count(std::size_t row, std::string_view column,
                                            std::int64_t most) const {
  const std::optional<double> value = number(row, column);
  if (!value) return std::nullopt;
  if (!(*value >= 0 && *value <= static_cast<double>(most)) || *value != std::floor(*value)) {
    refuse(row, column, "a whole number up to " + std::to_string(most) + ", or nothing");
  }
  return static_cast<std::int64_t>(*value);
}

double CsvTable::positive(std::size_t row, std::string_view column) const {
  const std::string& field = text(row, column);
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(value) || value <= 0) {
    refuse(row, column, "a number above 0");
  }
  return value;
}

std::int64_t CsvTable::positive_count(std::size_t row, std::string_view column) const {
  const std::string& field = text(row, column);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || value < 1 || value > kMaxCount) {
    refuse(row, column, "a whole number from 1 to " + std::to_string(kMaxCount));
  }
  return value;
}

}  // namespace traincast
