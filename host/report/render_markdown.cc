#include "host/report/formats.h"

namespace traincast {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char byte : single_line(text)) {
    if (byte == '|' || byte == '\\' || byte == '<' || byte == '*' || byte == '_' || byte == '`') out += '\\';
    out += byte;
  }
  return out;
}

void print_table(const Table& table, std::string& out) {
  if (!table.title.empty()) out += "\n### " + escaped(table.title) + "\n";
  std::string header = "|";
  std::string rule = "|";
  for (const Column& column : table.columns) {
    if (column.audience == Audience::machines) continue;
    header +=
        " " + escaped(column.title) + (column.unit.empty() ? "" : " (" + escaped(column.unit) + ")") + " |";
    rule += column.align == Align::right ? " ---: |" : " :--- |";
  }
  out += "\n" + header + "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    out += "|";
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (table.columns[i].audience != Audience::machines) out += " " + escaped(row[i].text) + " |";
    }
    out += "\n";
  }
  if (!table.footnotes.empty()) out += "\n";
  for (const std::string& note : table.footnotes) out += "- " + escaped(note) + "\n";
}

}  // namespace

std::string render_markdown(const Report& report, const RenderOptions&) {
  std::string out;
  if (!report.title.empty()) out += "## " + escaped(report.title) + "\n";
  bool listed = false;
  for (const Scalar& scalar : report.scalars) {
    if (scalar.title.empty()) continue;
    if (!listed && !out.empty()) out += "\n";
    listed = true;
    out += "- **" + escaped(scalar.title) + "**: " + escaped(scalar.cell.text) + "\n";
  }
  for (const Table& table : report.tables) print_table(table, out);
  return out.starts_with('\n') ? out.substr(1) : out;
}

}  // namespace traincast
