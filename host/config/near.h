// "Did you mean": names that differ in a few letters.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace traincast {

// Insertions, deletions and substitutions that turn one text into the other (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidates that a third of the wanted letters (at least two) would turn into `wanted`, and those that
// contain it or that it contains; nearest first, at most `limit`.
std::vector<std::string> near_names(std::string_view wanted, std::span<const std::string> candidates,
                                    std::size_t limit = 3);

std::string join(std::span<const std::string> texts, std::string_view separator);

}  // namespace traincast
