#include <algorithm>
#include <numeric>

#include "host/report/formats.h"

namespace traincast {
namespace {

constexpr std::size_t kGap = 2;        // spaces between columns
constexpr std::size_t kNarrowest = 8;  // to which texts are wrapped where nothing else helps

struct Layout {
  std::vector<std::size_t> shown;    // column indices
  std::vector<std::size_t> widths;   // of those
  std::vector<std::size_t> dropped;  // column indices
};

// A title may be broken at its spaces, so a column is at least as wide as its longest word.
std::size_t heading_width(const Column& column) {
  std::size_t width = text_width(column.unit);
  const std::string title = single_line(column.title);
  for (std::size_t begin = 0; begin < title.size();) {
    const std::size_t end = std::min(title.find(' ', begin), title.size());
    width = std::max(width, text_width(title.substr(begin, end - begin)));
    begin = end + 1;
  }
  return width;
}

std::size_t natural_width(const Table& table, std::size_t column) {
  std::size_t width = heading_width(table.columns[column]);
  for (const auto& row : table.rows) width = std::max(width, text_width(single_line(row[column].text)));
  return width;
}

std::size_t total(const std::vector<std::size_t>& widths) {
  const std::size_t gaps = widths.empty() ? 0 : kGap * (widths.size() - 1);
  return std::accumulate(widths.begin(), widths.end(), gaps);
}

// Takes what is too much from the widest column whose floor allows it, until all fits or no floor does.
void shrink(std::vector<std::size_t>& widths, const std::vector<std::size_t>& floors, std::size_t page) {
  while (total(widths) > page) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] > floors[i] && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == widths.size()) return;
    --widths[widest];
  }
}

// The widths at which these columns fit the page, or the narrowest that they can be.
std::vector<std::size_t> fitted(const Table& table, const std::vector<std::size_t>& shown, std::size_t page,
                                bool force) {
  std::vector<std::size_t> widths;
  std::vector<std::size_t> floors;
  for (const std::size_t i : shown) {
    const Column& column = table.columns[i];
    const auto wrap = static_cast<std::size_t>(std::max(column.wrap_width, 0));
    widths.push_back(natural_width(table, i));
    floors.push_back(wrap == 0 ? widths.back()
                               : std::min(widths.back(), std::max(wrap, heading_width(column))));
    // A number is never broken or cut, so a very narrow page may still overflow.
    if (force && column.align == Align::left) floors.back() = std::min(floors.back(), kNarrowest);
  }
  shrink(widths, floors, page);
  return widths;
}

Layout fit(const Table& table, std::size_t page) {
  Layout layout;
  std::vector<std::size_t> droppable;  // the first to go last
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].audience == Audience::machines) continue;
    layout.shown.push_back(i);
    if (table.columns[i].priority > 0) droppable.push_back(i);
  }
  std::stable_sort(droppable.begin(), droppable.end(), [&](std::size_t a, std::size_t b) {
    return table.columns[a].priority < table.columns[b].priority;
  });
  const auto fits = [&] { return total(fitted(table, layout.shown, page, false)) <= page; };
  std::vector<std::size_t> gone;  // the most wanted last
  for (; !fits() && !droppable.empty(); droppable.pop_back()) {
    gone.push_back(droppable.back());
    std::erase(layout.shown, droppable.back());
  }
  // A wide column may have gone after narrow ones that have room now.
  for (; !gone.empty(); gone.pop_back()) {
    const std::vector<std::size_t> before = layout.shown;
    layout.shown.insert(std::upper_bound(layout.shown.begin(), layout.shown.end(), gone.back()), gone.back());
    if (fits()) continue;
    layout.shown = before;
    layout.dropped.insert(std::upper_bound(layout.dropped.begin(), layout.dropped.end(), gone.back()),
                          gone.back());
  }
  layout.widths = fitted(table, layout.shown, page, !fits());
  return layout;
}

// One row of cells of several lines each; headings stand on the rule below them.
void print_row(const Table& table, const Layout& layout, const std::vector<std::vector<std::string>>& cells,
               bool at_bottom, std::string& out) {
  std::size_t height = 1;
  for (const auto& lines : cells) height = std::max(height, lines.size());
  for (std::size_t y = 0; y < height; ++y) {
    std::string line;
    for (std::size_t k = 0; k < cells.size(); ++k) {
      const std::size_t above = at_bottom ? height - cells[k].size() : 0;
      const std::string text = y >= above && y - above < cells[k].size() ? cells[k][y - above] : "";
      const std::size_t used = text_width(text);
      const std::string pad(layout.widths[k] > used ? layout.widths[k] - used : 0, ' ');
      if (k > 0) line += std::string(kGap, ' ');
      line += table.columns[layout.shown[k]].align == Align::right ? pad + text : text + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
}

void print_note(const std::string& note, std::size_t page, std::string& out) {
  const std::string indent = "  ";
  bool first = true;
  for (const std::string& line : wrap_text(single_line(note), page > 20 ? page - 2 : page)) {
    out += (first ? "* " : indent) + line + "\n";
    first = false;
  }
}

void print_table(const Table& table, std::size_t page, std::string& out) {
  for (const std::string& line : wrap_text(single_line(table.title), page)) {
    if (!line.empty()) out += line + "\n";
  }
  const Layout layout = fit(table, page);
  std::vector<std::vector<std::string>> cells;
  std::string rule;
  for (std::size_t k = 0; k < layout.shown.size(); ++k) {
    const Column& column = table.columns[layout.shown[k]];
    cells.push_back(wrap_text(single_line(column.title), layout.widths[k]));
    if (!column.unit.empty()) cells.back().push_back(column.unit);
    rule += (k > 0 ? std::string(kGap, ' ') : "") + std::string(layout.widths[k], '-');
  }
  print_row(table, layout, cells, true, out);
  out += rule + "\n";
  for (const auto& row : table.rows) {
    for (std::size_t k = 0; k < layout.shown.size(); ++k) {
      cells[k] = wrap_text(single_line(row[layout.shown[k]].text), layout.widths[k]);
    }
    print_row(table, layout, cells, false, out);
  }
  for (const std::string& note : table.footnotes) print_note(note, page, out);
  if (!layout.dropped.empty()) {
    std::string titles;
    for (const std::size_t i : layout.dropped) {
      titles += (titles.empty() ? "" : ", ") + single_line(table.columns[i].title);
    }
    print_note("Not shown for lack of width: " + titles + ".", page, out);
  }
}

}  // namespace

std::string render_text(const Report& report, const RenderOptions& options) {
  const auto page = static_cast<std::size_t>(std::max(options.width, 20));
  std::string out;
  for (const std::string& line : wrap_text(single_line(report.title), page)) {
    if (!line.empty()) out += line + "\n";
  }
  std::size_t longest = 0;
  for (const Scalar& scalar : report.scalars) longest = std::max(longest, text_width(scalar.title));
  if (longest > 0 && !out.empty()) out += "\n";
  for (const Scalar& scalar : report.scalars) {
    if (scalar.title.empty()) continue;
    const std::size_t indent = longest + kGap;
    std::string lead = scalar.title + std::string(indent - text_width(scalar.title), ' ');
    for (const std::string& line :
         wrap_text(single_line(scalar.cell.text), page > indent + 20 ? page - indent : page)) {
      out += lead + line + "\n";
      lead = std::string(indent, ' ');
    }
  }
  for (const Table& table : report.tables) {
    if (!out.empty()) out += "\n";
    print_table(table, page, out);
  }
  return out;
}

}  // namespace traincast
