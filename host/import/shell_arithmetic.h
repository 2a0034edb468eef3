// Whole numbers of a shell's $((...)): + - * / % and parentheses.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace traincast {

// `value_of` a variable's name is its text, "" for none. Nothing where the text is no such expression, a
// variable is no whole number, or the result needs more than 64 bits.
std::optional<std::int64_t> shell_arithmetic(std::string_view text,
                                             const std::function<std::string(std::string_view)>& value_of);

}  // namespace traincast
