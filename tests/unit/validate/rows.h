// Tables of one row, for tests of the reader.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "host/validate/published_runs.h"

namespace traincast::test {

using Fields = std::map<std::string, std::string>;

inline CsvTable table_of(const Fields& fields) {
  std::string header, values;
  for (const auto& [column, value] : fields) {
    header += (header.empty() ? "" : ",") + column;
    values += (values.empty() ? "" : ",") + ("\"" + value + "\"");
  }
  return CsvTable::parse(header + "\n" + values + "\n", "rows.csv");
}

inline PublishedRun read(const Fields& fields, const std::vector<Transformer>& known = {}) {
  const auto runs = read_published_runs(table_of(fields), known);
  EXPECT_EQ(runs.size(), 1U);
  return runs.at(0);
}

inline Fields with(Fields fields, const Fields& changes) {
  for (const auto& [column, value] : changes) fields[column] = value;
  return fields;
}
inline Fields without(Fields fields, std::initializer_list<const char*> columns) {
  for (const char* column : columns) fields.erase(column);
  return fields;
}

inline bool assumed(const PublishedRun& run, std::string_view part) {
  return std::any_of(run.assumptions.begin(), run.assumptions.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

}  // namespace traincast::test
