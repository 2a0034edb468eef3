#include "host/import/shell_variables.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "host/import/shell_arithmetic.h"

namespace traincast {
namespace {

constexpr std::size_t kLongestValue = 128;
constexpr std::size_t kLongestWords = 4096;  // of a default or an alternative
constexpr int kDeepestDefault = 8;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Behind the bracket that closes the one at `at`; the end where none does.
std::size_t closing(std::string_view text, std::size_t at, char open, char close) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == open) ++depth;
    if (text[at] == close && --depth == 0) return at + 1;
  }
  return text.size();
}

}  // namespace

bool is_shell_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

void ShellVariables::set(const std::string& name, std::string value, bool conditional) {
  if (value.size() > kLongestValue) value.clear();
  auto [at, fresh] = variables_.try_emplace(name);
  at->second.conditional = conditional && !fresh && at->second.value != value;
  at->second.value = std::move(value);
}

bool ShellVariables::used_conditional() {
  return std::exchange(used_conditional_, false);
}

// Of "$..." at `at`, which moves behind it.
std::string ShellVariables::expansion(std::string_view text, std::size_t& at, int depth) {
  const std::size_t begin = at++;
  const auto raw = [&] { return std::string(text.substr(begin, at - begin)); };
  if (text.substr(at, 2) == "((") {
    const std::size_t inner = at + 2;
    at = closing(text, at, '(', ')');
    const std::size_t end = at < inner + 2 ? inner : at - 2;
    const auto value = shell_arithmetic(text.substr(inner, end - inner),
                                        [&](std::string_view name) { return value_of(name).value_or(""); });
    return value ? std::to_string(*value) : raw();
  }
  if (at < text.size() && text[at] == '(') {
    at = closing(text, at, '(', ')');
    return raw();
  }
  if (at < text.size() && text[at] == '{') {
    const std::size_t inner = at + 1;
    at = closing(text, at, '{', '}');
    const std::string_view body = text.substr(inner, std::max(at, inner + 1) - 1 - inner);
    return braces(body, depth).value_or(raw());
  }
  const std::size_t name = at;
  while (at < text.size() && is_shell_name_char(text[at])) ++at;
  if (at == name) {  // $@, $#
    if (at < text.size() && !is_blank(text[at]) && text[at] != '"') ++at;
    return raw();
  }
  return value_of(text.substr(name, at - name)).value_or(raw());
}

// "NAME", "NAME[@]", "NAME:-default" and "NAME:+words"; none for what else a shell makes of a variable.
std::optional<std::string> ShellVariables::braces(std::string_view body, int depth) {
  std::size_t end = 0;
  while (end < body.size() && is_shell_name_char(body[end])) ++end;
  std::string_view rest = body.substr(end);
  std::optional<std::string> value = value_of(body.substr(0, end));
  if (rest.empty() || rest == "[@]" || rest == "[*]") return value;
  const bool filled = value && !(rest[0] == ':' && value->empty());
  if (rest[0] == ':') rest.remove_prefix(1);
  if (rest.empty() || (rest[0] != '-' && rest[0] != '=' && rest[0] != '+')) return std::nullopt;
  const bool alternative = rest[0] == '+';
  if (filled && !alternative) return value;
  if (!filled && alternative) return "";
  if (depth == kDeepestDefault) return std::nullopt;
  std::string words;
  for (std::size_t at = 1; at < rest.size() && words.size() <= kLongestWords;) {
    if (rest[at] == '$') {
      words += expansion(rest, at, depth + 1);
    } else {
      if (rest[at] != '"' && rest[at] != '\'') words += rest[at];
      ++at;
    }
  }
  return words.size() <= kLongestWords ? std::optional(words) : std::nullopt;
}

const ShellVariables::Variable* ShellVariables::find(std::string_view name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? nullptr : &found->second;
}
std::optional<std::string> ShellVariables::value_of(std::string_view name) {
  const Variable* found = find(name);
  if (found == nullptr) return std::nullopt;
  used_conditional_ = used_conditional_ || found->conditional;
  return found->value;
}

}  // namespace traincast
