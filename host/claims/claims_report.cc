#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "host/claims/check.h"
#include "host/claims/formula.h"
#include "host/config/near.h"
#include "host/report/run_cells.h"

namespace traincast {
namespace {

Column left(std::string key, std::string title, int priority = 0, int wrap = 0) {
  return {.key = std::move(key),
          .title = std::move(title),
          .align = Align::left,
          .priority = priority,
          .wrap_width = wrap};
}

// Three digits, but groups of three where there are more: "33,620", "12.7".
std::string shown(double value) {
  if (std::abs(value) >= 999.5) return grouped(std::llround(value));
  return plain(value);
}

std::string shown(double low, double high) {
  return low == high ? shown(low) : shown(low) + "-" + shown(high);
}

// A number where the file claims one number, its text where it claims something else, null where it claims
// nothing.
MachineValue claimed_value(const std::string& text) {
  if (text.empty()) return std::monostate{};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return text;
  if (text.find('.') == std::string::npos && std::abs(number) < 1e15)
    return static_cast<std::int64_t>(number);
  return number;
}

std::string claimed_text(const Claim& claim) {
  if (claim.claimed.empty() && claim.bound) {
    const double limit = claim.sense == Sense::at_least ? claim.bound->low : claim.bound->high;
    return "(" + std::string(name(claim.sense)) + " " + shown(limit) + ")";
  }
  if (!claim.range) return claim.claimed.empty() ? "\u2014" : claim.claimed;
  const std::string figure = shown(claim.range->low, claim.range->high);
  return claim.sense == Sense::equal ? figure : std::string(name(claim.sense)) + " " + figure;
}

Cell optional_number(bool there, double value) {
  return there ? Cell{shown(value), value} : missing_cell();
}

std::string decisive_input(const Figure& figure) {
  return figure.swings.empty() ? "" : figure.swings.front().input;
}

// People see at once where a verdict rests on the width of our interval.
std::string verdict_text(const CheckedClaim& checked) {
  std::string text(name(checked.verdict));
  if (checked.of_value != checked.verdict)
    text += " (our value alone: " + std::string(name(checked.of_value)) + ")";
  return text;
}

std::vector<Column> row_columns() {
  std::vector<Column> columns = {
      left("id", "id"),
      left("subject", "of", 3, 13),
      left("gloss", "claim", 0, 18),
      {.key = "claimed", .title = "claimed", .align = Align::right, .wrap_width = 10},
      {.key = "ours", .title = "ours"},
      {.title = "interval", .priority = 2, .audience = Audience::people},
      left("unit", "unit", 0, 8),
      left("verdict", "verdict", 0, 12),
      left("depends", "depends on", 1, 20),
  };
  for (const char* key :
       {"of_value",      "low",         "high",          "claimed_low",  "claimed_high",   "sense",
        "tested_low",    "tested_high", "quantity",      "claimed_unit", "quote",          "tested",
        "reason",        "formula",     "formula_words", "rests_on",     "decisive_input", "decisive_low",
        "decisive_high", "origin",      "weakest_input", "source"}) {
    columns.push_back({.key = key, .audience = Audience::machines});
  }
  return columns;
}

void add_machine_cells(std::vector<Cell>& row, const CheckedClaim& checked) {
  const Claim& claim = checked.claim;
  const bool there = checked.ours.has_value();
  const Figure figure = there ? *checked.ours : Figure{};
  const auto number = [&](bool known, double value) { row.push_back(optional_number(known, value)); };
  const auto text = [&](const std::string& value) {
    row.push_back(value.empty() ? missing_cell() : text_cell(value));
  };
  const auto& limits = claim.limits();
  text(checked.verdict == Verdict::not_testable ? "" : std::string(name(checked.of_value)));
  number(there, figure.low);
  number(there, figure.high);
  number(claim.range.has_value(), claim.range ? claim.range->low : 0);
  number(claim.range.has_value(), claim.range ? claim.range->high : 0);
  text(std::string(name(claim.sense)));
  number(limits && claim.sense != Sense::at_most, limits ? limits->low : 0);
  number(limits && claim.sense != Sense::at_least, limits ? limits->high : 0);
  text(claim.quantity);
  text(claim.unit);
  text(claim.quote);
  text(claim.tested);
  text(claim.not_testable);
  const Formula* used = claim.computation ? find_formula(claim.computation->formula) : nullptr;
  text(used == nullptr ? "" : std::string(used->name));
  text(used == nullptr ? "" : std::string(used->words));
  text(join(figure.rests_on, ", "));
  text(decisive_input(figure));
  number(!figure.swings.empty(), figure.swings.empty() ? 0 : figure.swings.front().low);
  number(!figure.swings.empty(), figure.swings.empty() ? 0 : figure.swings.front().high);
  text(there ? std::string(name(figure.weakest)) : "");
  text(figure.weakest_input);
  text(claim.from.source);
}

std::vector<Cell> row_of(const CheckedClaim& checked) {
  const Claim& claim = checked.claim;
  const bool there = checked.ours.has_value();
  const Figure figure = there ? *checked.ours : Figure{};
  const bool judged = checked.verdict != Verdict::not_testable;
  const std::string unit = claim.computation ? claim.computation->unit : claim.unit;
  std::vector<Cell> row = {
      text_cell(claim.id),
      text_cell(claim.subject),
      text_cell(claim.gloss),
      {claimed_text(claim), claimed_value(claim.claimed)},
      optional_number(there, figure.value),
      {there ? shown(figure.low, figure.high) : "\u2014", std::monostate{}},
      unit.empty() ? missing_cell("") : text_cell(unit),
      {verdict_text(checked), std::string(name(checked.verdict))},
      {judged ? claim.depends : claim.not_testable, claim.depends},
  };
  add_machine_cells(row, checked);
  return row;
}

Table figures_table(const std::vector<CheckedClaim>& checked) {
  Table table{.key = "figures",
              .title = "Beside the claims",
              .columns = {left("id", "id"),
                          left("what", "what", 0, 24),
                          {.key = "value", .title = "ours"},
                          {.title = "interval", .priority = 2, .audience = Audience::people},
                          left("unit", "unit", 0, 8),
                          left("verdict", "verdict by it", 1, 12),
                          {.key = "low", .audience = Audience::machines},
                          {.key = "high", .audience = Audience::machines},
                          {.key = "formula", .audience = Audience::machines},
                          {.key = "rests_on", .audience = Audience::machines},
                          {.key = "origin", .audience = Audience::machines}}};
  for (const CheckedClaim& claim : checked) {
    for (const CheckedSide& side : claim.also) {
      const Figure& f = side.figure;
      table.rows.push_back({text_cell(claim.claim.id),
                            text_cell(side.what),
                            optional_number(true, f.value),
                            {shown(f.low, f.high), std::monostate{}},
                            text_cell(side.computation.unit),
                            side.verdict ? text_cell(name(*side.verdict)) : missing_cell(),
                            optional_number(true, f.low),
                            optional_number(true, f.high),
                            text_cell(side.computation.formula),
                            text_cell(join(f.rests_on, ", ")),
                            text_cell(name(f.weakest))});
    }
  }
  return table;
}

Table formulas_table(const std::vector<CheckedClaim>& checked) {
  Table table{.key = "formulas",
              .title = "Formulas",
              .columns = {left("formula", "formula"), left("words", "in words", 0, 30)}};
  std::set<std::string, std::less<>> used;
  for (const CheckedClaim& claim : checked) {
    if (claim.claim.computation) used.insert(claim.claim.computation->formula);
    for (const CheckedSide& side : claim.also) used.insert(side.computation.formula);
  }
  for (const Formula& row : formulas()) {
    if (used.contains(row.name)) table.rows.push_back({text_cell(row.name), text_cell(row.words)});
  }
  return table;
}

}  // namespace

Report claims_report(const std::vector<CheckedClaim>& checked) {
  Table rows{.key = "rows", .title = "News claims of 2024 against the model", .columns = row_columns()};
  std::array<std::int64_t, kVerdicts> counts{};
  for (const CheckedClaim& claim : checked) {
    rows.rows.push_back(row_of(claim));
    ++counts[static_cast<std::size_t>(claim.verdict)];
  }
  rows.footnotes = {std::string(verdict_rule()),
                    "Claimed figures in brackets stand in no article: they are what decides whether the "
                    "sentence can be true.",
                    "Interval: every uncertain input moved alone over its stated range, the swings added as "
                    "independent ones "
                    "(root of the sum of their squares, in logarithms)."};
  Report report{.name = "claims", .tables = {}};
  report.scalars.push_back({"claims", "claims", count_cell(static_cast<std::int64_t>(checked.size()))});
  for (int i = 0; i < kVerdicts; ++i) {
    const std::string title(name(static_cast<Verdict>(i)));
    std::string key = title;
    for (char& c : key) c = c == ' ' ? '_' : c;
    report.scalars.push_back({key, title, count_cell(counts[static_cast<std::size_t>(i)])});
  }
  report.scalars.push_back({"rule", "", text_cell(verdict_rule())});
  report.tables.push_back(std::move(rows));
  report.tables.push_back(figures_table(checked));
  report.tables.push_back(formulas_table(checked));
  return report;
}

}  // namespace traincast
