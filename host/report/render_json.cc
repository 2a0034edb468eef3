#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "host/report/formats.h"

namespace traincast {
namespace {

using Json = nlohmann::ordered_json;

class JsonWriter {
 public:
  Json value(const MachineValue& machine, const std::string& where) {
    if (const auto* number = std::get_if<double>(&machine); number != nullptr && !std::isfinite(*number)) {
      notes_.push_back(where + ": the value is not finite and written as null");
      return nullptr;
    }
    return std::visit(
        [](const auto& held) -> Json {
          if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
            return nullptr;
          } else {
            return held;
          }
        },
        machine);
  }

  Json rows(const Table& table) {
    Json list = Json::array();
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      Json object = Json::object();
      for (std::size_t c = 0; c < table.columns.size(); ++c) {
        const Column& column = table.columns[c];
        if (column.audience == Audience::people) continue;
        object[column.key] =
            value(table.rows[r][c].machine, table.key + "/" + std::to_string(r) + "/" + column.key);
      }
      list.push_back(std::move(object));
    }
    for (const std::string& note : table.footnotes) notes_.push_back(note);
    return list;
  }

  Json& notes() { return notes_; }

 private:
  Json notes_ = Json::array();
};

}  // namespace

std::string render_json(const Report& report, const RenderOptions&) {
  JsonWriter writer;
  Json root = Json::object();
  root["schema_version"] = kReportSchemaVersion;
  root["report"] = report.name;
  for (const Scalar& scalar : report.scalars) {
    root[scalar.key] = writer.value(scalar.cell.machine, scalar.key);
  }
  for (const Table& table : report.tables) {
    // A table for people alone has no rows here: its figures stand in another one.
    const bool listed = std::any_of(table.columns.begin(), table.columns.end(),
                                    [](const Column& column) { return column.audience != Audience::people; });
    if (listed) root[table.key] = writer.rows(table);
  }
  root["notes"] = std::move(writer.notes());
  // Bytes that are no UTF-8 become the replacement character: a report never fails for a name in it.
  return root.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace traincast
