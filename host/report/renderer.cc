#include "host/report/renderer.h"

#include <array>
#include <set>
#include <stdexcept>

#include "host/base/errors.h"
#include "host/report/formats.h"

namespace traincast {
namespace {

constexpr std::array<Renderer, 4> kRenderers = {{
    {"text", "aligned columns that fit the terminal", render_text},
    {"md", "Markdown tables for an issue or a README", render_markdown},
    {"csv", "the main table with machine-readable column names, SI units", render_csv},
    {"json", "everything, SI units, with a schema version", render_json},
}};

void check_table(const Report& report, const Table& table) {
  const std::string where = "report " + report.name + ", table " + table.key + ": ";
  std::set<std::string> keys;
  for (const Column& column : table.columns) {
    if (column.key.empty() && column.audience != Audience::people) {
      throw std::logic_error(where + "the column \"" + column.title + "\" has no key");
    }
    if (!column.key.empty() && !keys.insert(column.key).second) {
      throw std::logic_error(where + "two columns have the key " + column.key);
    }
  }
  for (const auto& row : table.rows) {
    if (row.size() != table.columns.size()) {
      throw std::logic_error(where + "a row of " + std::to_string(row.size()) + " cells under " +
                             std::to_string(table.columns.size()) + " columns");
    }
  }
}

}  // namespace

std::span<const Renderer> renderers() {
  return kRenderers;
}

const Renderer& find_renderer(std::string_view name) {
  std::string accepted;
  for (const Renderer& renderer : kRenderers) {
    if (renderer.name == name) return renderer;
    accepted += " " + std::string(renderer.name);
  }
  throw UsageError("unknown format \"" + std::string(name) + "\"; accepted:" + accepted);
}

void check_shape(const Report& report) {
  std::set<std::string> keys = {"schema_version", "report", "notes"};
  const auto claim = [&](const std::string& key) {
    if (key.empty() || !keys.insert(key).second) {
      throw std::logic_error("report " + report.name + ": the key \"" + key + "\" is empty or used twice");
    }
  };
  for (const Scalar& scalar : report.scalars) claim(scalar.key);
  for (const Table& table : report.tables) {
    claim(table.key);
    check_table(report, table);
  }
}

std::string render(const Report& report, std::string_view format, const RenderOptions& options) {
  const Renderer& renderer = find_renderer(format);
  check_shape(report);
  return renderer.render(report, options);
}

}  // namespace traincast
