// A comma-separated file with a header line, as tests read the published figures.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace traincast::test {

class CsvRow {
 public:
  explicit CsvRow(std::map<std::string, std::string> fields) : fields_(std::move(fields)) {}
  const std::string& text(const std::string& column) const { return fields_.at(column); }
  bool has(const std::string& column) const { return !fields_.at(column).empty(); }
  double number(const std::string& column, double otherwise = 0) const {
    return has(column) ? std::strtod(text(column).c_str(), nullptr) : otherwise;
  }
  std::int64_t count(const std::string& column, std::int64_t otherwise = 0) const {
    return static_cast<std::int64_t>(number(column, static_cast<double>(otherwise)));
  }

 private:
  std::map<std::string, std::string> fields_;
};

inline std::vector<std::string> split_csv(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

inline std::vector<CsvRow> read_csv(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> header = split_csv(line);
  std::vector<CsvRow> rows;
  while (std::getline(in, line)) {
    const std::vector<std::string> fields = split_csv(line);
    if (fields.size() != header.size()) continue;
    std::map<std::string, std::string> row;
    for (std::size_t i = 0; i < header.size(); ++i) row[header[i]] = fields[i];
    rows.emplace_back(std::move(row));
  }
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
