// A table as data: what a report fills in and a renderer prints. Nothing here knows text, Markdown, CSV or
// JSON.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/base/units.h"

namespace traincast {

enum class Align { left, right };
enum class Audience { everyone, machines, people };  // machines: csv and json; people: text and Markdown

struct Column {
  std::string key = {};    // for machines: snake_case, SI unit as suffix: "step_time_s"
  std::string title = {};  // for people; "" where only machines see it
  std::string unit = {};   // for people, below the title; "" where the cells carry it or there is none
  Align align = Align::right;
  int priority = 0;    // 0 is never dropped from a narrow page; else the greatest goes first
  int wrap_width = 0;  // texts may be broken into lines no shorter than this; 0: never
  Audience audience = Audience::everyone;
};

// What machines read: nothing (null), a truth, a count, an SI value, or a text.
using MachineValue = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

struct Cell {
  std::string text;  // for people
  MachineValue machine = {};
};

// The same text for both.
Cell text_cell(std::string_view text);
// People read groups of three digits ("100,000"), machines the number.
Cell count_cell(std::int64_t count);
// A plain number with that many decimals for people. People read what is not finite as a dash; renderers
// write null for it and say so.
Cell number_cell(double value, int decimals);
// 0.385 reads "38.5 %"; machines get the ratio.
Cell percent_cell(double ratio, int decimals = 1);
Cell bool_cell(bool value);  // "yes" or "no"
// People read the dash (or why there is nothing), machines null.
Cell missing_cell(std::string_view text = "\u2014");
// Three significant digits with a prefixed unit for people ("1.23 ms"), the SI value for machines.
template <Dimension D>
Cell quantity_cell(Quantity<D> quantity) {
  return {std::isfinite(quantity.value()) ? to_string(quantity) : "\u2014", quantity.value()};
}

struct Table {
  std::string key = "rows";  // the name of the list in JSON, unique within a report
  std::string title = {};
  std::vector<Column> columns = {};
  std::vector<std::vector<Cell>> rows = {};  // each as long as columns
  std::vector<std::string> footnotes = {};   // one line each
};

// A single figure beside the tables.
struct Scalar {
  std::string key = {};    // as a column's
  std::string title = {};  // "" where only machines see it
  Cell cell = {};
};

struct Report {
  std::string name = {};   // of the report, for machines: "compare"
  std::string title = {};  // "" for none
  std::vector<Scalar> scalars = {};
  std::vector<Table> tables = {};  // the first is the one that a format of one table (csv) prints
};

// "1,234,567"
std::string grouped(std::int64_t count);

}  // namespace traincast
