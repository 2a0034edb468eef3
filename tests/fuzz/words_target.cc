// What is typed: quantities, --set, --over and command lines.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "host/base/errors.h"
#include "host/base/units.h"
#include "host/cli/options.h"
#include "host/config/override.h"
#include "host/risk/sweep_range.h"
#include "tests/fuzz/targets.h"

namespace traincast {

// A part of the program's own; its full table would need every command.
const std::vector<OptionSpec>& global_options() {
  static const std::vector<OptionSpec> kGlobal = {
      {"configs", "DIR", "a folder", ""},
      {"format", "FORMAT", "of the result", "text", {"text", "md", "csv", "json"}},
      {"quiet", "", "a flag", ""},
      {"help", "", "a flag", ""}};
  return kGlobal;
}

namespace fuzz {
namespace {

std::vector<std::string> lines(std::string_view bytes) {
  std::vector<std::string> out;
  while (!bytes.empty()) {
    const auto [line, rest] = select(bytes);
    out.emplace_back(line);
    bytes = rest;
  }
  return out;
}

}  // namespace

void read_units(std::string_view bytes) {
  constexpr std::array<Dimension, 15> kDimensions = {
      Seconds::kDimension,   Frequency::kDimension,  Bytes::kDimension,       Bandwidth::kDimension,
      Flops::kDimension,     FlopRate::kDimension,   Joules::kDimension,      Watts::kDimension,
      Dollars::kDimension,   DollarRate::kDimension, EnergyPrice::kDimension, Tokens::kDimension,
      TokenRate::kDimension, Kilograms::kDimension,  EmissionRate::kDimension};
  bool any = false;
  for (const Dimension& dimension : kDimensions) {
    try {
      const double si = parse_quantity(bytes, dimension);
      require(std::isfinite(si), "an accepted quantity is finite");
      require(!format_quantity(si, dimension).empty(), "a quantity can be printed");
      any = true;
    } catch (const UnitError&) {  // of another dimension
      continue;
    }
  }
  if (const auto quantity = any_quantity(bytes))
    require(std::isfinite(quantity->si), "any quantity is finite");
  if (!any) throw UnitError("of no dimension");
}

void read_override(std::string_view bytes) {
  static const ConfigStore kStore(TRAINCAST_TEST_CONFIGS);
  static const RunConfigs kRun(kStore, "llama-3-70b-64");
  std::vector<Override> overrides;
  for (const std::string& line : lines(bytes.substr(0, 1000))) overrides.push_back(parse_override(line));
  const EditedRun edited = kRun.with(overrides);
  require(edited.run.plan.gpus() > 0, "a run has GPUs");
}

void read_axis(std::string_view bytes) {
  const SweepAxis axis = parse_axis(bytes);
  require(!axis.values.empty(), "an axis has values");
  require(bytes.find("..") == std::string_view::npos || axis.values.size() <= kMostSweepValues,
          "a range has no more values than are allowed");
}

// One word a line; a word ends before a zero byte, as the words that a process is started with do.
void read_command_line(std::string_view bytes) {
  static const CommandSpec kCommand{.name = "search",
                                    .summary = "a command",
                                    .details = "",
                                    .example = "",
                                    .options = {{"gpus", "LIST", "numbers", "8,16"},
                                                {"top", "N", "a count", "10"},
                                                {"share", "X", "a number", ""},
                                                {"within", "TIME", "a quantity", "1 h"},
                                                {"by", "WHAT", "a choice", "days", {"days", "cost"}},
                                                {"all", "", "a flag", ""}},
                                    .positional = {"RUN", "the run", 1, 3}};
  std::vector<std::string> typed = lines(bytes);
  for (std::string& word : typed) word.resize(std::min(word.find('\0'), word.size()));
  const CommandLine line = split_command_line(typed);
  if (line.command != kCommand.name) throw UsageError("another command");
  std::vector<std::string> words = line.before;
  words.insert(words.end(), line.after.begin(), line.after.end());
  const Arguments arguments = parse_arguments(kCommand, words);
  if (arguments.flag("help")) return;  // whatever else was typed
  require(arguments.positional().size() <= 3, "no more words than declared");
  require(!arguments.list("gpus").empty(), "a list with a fallback");
  const std::int64_t top = arguments.count("top", 1, 1000);
  require(top >= 1 && top <= 1000, "a count within its range");
  if (arguments.given("share")) {
    const double share = arguments.number("share", 0, 1);
    require(share >= 0 && share <= 1, "a number within its range");
  }
  require(std::isfinite(arguments.quantity<Seconds>("within").value()), "a finite time");
}

}  // namespace fuzz
}  // namespace traincast
