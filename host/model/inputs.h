// What an estimate rests on: every input with its origin, and which figures it enters.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/origin.h"

namespace traincast {

// Figures that rest on the same inputs. Days rest on the step, failures and checkpoints; energy and cost on
// the days.
enum class FigureGroup { step, memory, work, failures, checkpoints, days, energy, cost };
inline constexpr int kFigureGroups = 8;
constexpr std::string_view name(FigureGroup group) {
  constexpr std::string_view kNames[] = {"step time",   "memory", "FLOP",   "failures",
                                         "checkpoints", "days",   "energy", "cost"};
  return kNames[static_cast<int>(group)];
}

using FigureGroups = std::array<bool, kFigureGroups>;
constexpr FigureGroups figure_groups(std::initializer_list<FigureGroup> list) {
  FigureGroups groups{};
  for (const FigureGroup group : list) groups[static_cast<std::size_t>(group)] = true;
  return groups;
}

struct InputUsed {
  std::string what;  // "GPU rates"
  std::string name;  // "h100-sxm"
  Provenance from;
  FigureGroups enters{};
  bool in(FigureGroup group) const { return enters[static_cast<std::size_t>(group)]; }
};

// Among those that enter the group; null where none does. The first of the weakest.
inline const InputUsed* weakest_input(std::span<const InputUsed> inputs, FigureGroup group) {
  const InputUsed* found = nullptr;
  for (const InputUsed& input : inputs) {
    if (input.in(group) && (found == nullptr || input.from.origin > found->from.origin)) found = &input;
  }
  return found;
}

}  // namespace traincast
