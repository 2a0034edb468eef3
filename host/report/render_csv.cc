#include <cmath>
#include <string>
#include <variant>

#include "host/config/json.h"
#include "host/report/formats.h"

namespace traincast {
namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char byte : text) {
    if (byte == '"') out += '"';
    out += byte;
  }
  return out + '"';
}

struct Field {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return std::isfinite(value) ? shortest(value) : ""; }
  std::string operator()(const std::string& value) const { return quoted(value); }
};

}  // namespace

std::string render_csv(const Report& report, const RenderOptions&) {
  std::string out;
  if (report.tables.empty()) {  // one row of what there is
    std::string keys, values;
    for (const Scalar& scalar : report.scalars) {
      keys += "," + quoted(scalar.key);
      values += "," + std::visit(Field{}, scalar.cell.machine);
    }
    return keys.empty() ? "" : keys.substr(1) + "\r\n" + values.substr(1) + "\r\n";
  }
  const Table& table = report.tables.front();
  const auto line = [&](const auto& field) {
    std::string fields;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].audience == Audience::people) continue;
      fields += "," + field(i);
    }
    if (!fields.empty()) out += fields.substr(1) + "\r\n";  // RFC 4180, section 2: lines end in CRLF
  };
  line([&](std::size_t i) { return quoted(table.columns[i].key); });
  for (const auto& row : table.rows) {
    line([&](std::size_t i) { return std::visit(Field{}, row[i].machine); });
  }
  return out;
}

}  // namespace traincast
