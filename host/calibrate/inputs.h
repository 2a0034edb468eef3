// What an estimate rests on: every input with its origin, and which figures it enters.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/origin.h"

namespace traincast {

// Later groups rest on what their inputs say beside the step: days on step and reliability, ...
enum class FigureGroup { step, memory, days, energy, cost };
inline constexpr int kFigureGroups = 5;
constexpr std::string_view name(FigureGroup group) {
  constexpr std::string_view kNames[] = {"step time", "memory", "days", "energy", "cost"};
  return kNames[static_cast<int>(group)];
}

struct InputUsed {
  std::string what;  // "GPU rates"
  std::string name;  // "h100-sxm"
  Provenance from;
  std::array<bool, kFigureGroups> enters{};  // by FigureGroup
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
