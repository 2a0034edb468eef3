#include "host/import/yaml_scalars.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "host/import/test_lines.h"

namespace traincast {
namespace {

constexpr std::size_t kDeepest = 32;
constexpr std::array<std::string_view, 8> kTelling = {"model",        "trainer",      "num_layers",
                                                      "hidden_size",  "training",     "model_parallel",
                                                      "--num-layers", "--hidden-size"};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Without the comment; '#' inside quotes is none.
std::string_view without_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

struct Line {
  std::size_t indent = 0;
  std::string_view key, value;  // no key: none of ours
  std::string_view item;        // of a list, "- 16"
};

std::string_view unquoted(std::string_view value) {
  const bool quoted =
      value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

Line split(std::string_view raw) {
  const std::string_view line = without_comment(raw);
  Line out;
  out.indent = std::min(line.find_first_not_of(' '), line.size());
  const std::string_view text = trimmed(line);
  const std::size_t colon = text.find(':');
  if (text.starts_with("- ") && colon == std::string_view::npos) out.item = unquoted(trimmed(text.substr(2)));
  if (colon == std::string_view::npos || (colon + 1 < text.size() && text[colon + 1] != ' ')) return out;
  const std::string_view key = trimmed(text.substr(0, colon));
  const bool word = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '/';
  });
  if (!word) return out;
  out.key = key;
  out.value = trimmed(text.substr(colon + 1));
  return out;
}

}  // namespace

std::vector<YamlScalar> yaml_scalars(std::string_view text) {
  struct Open {
    std::size_t indent;
    std::string key;
    std::string items;  // of its list: "16, 16, 100000"
  };
  std::vector<YamlScalar> out;
  std::vector<Open> open;
  const auto add = [&](std::string_view key, std::string_view value) {
    YamlScalar scalar;
    for (const Open& one : open) scalar.path.push_back(one.key);
    if (!key.empty()) scalar.path.emplace_back(key);
    scalar.text = value;
    out.push_back(std::move(scalar));
  };
  const auto close = [&] {
    if (!open.back().items.empty()) add("", "[" + open.back().items + "]");
    open.pop_back();
  };
  for_each_line(text, [&](int, std::string_view raw) {
    const Line line = split(raw);
    if (!line.item.empty()) {  // of the list that the last key opened
      while (!open.empty() && open.back().indent > line.indent) close();
      if (!open.empty()) open.back().items.append(open.back().items.empty() ? "" : ", ").append(line.item);
      return;
    }
    if (line.key.empty()) return;
    while (!open.empty() && open.back().indent >= line.indent) close();
    if (line.value.empty()) {
      if (open.size() < kDeepest) open.push_back({line.indent, std::string(line.key)});
      return;
    }
    const std::string_view value = unquoted(line.value);
    if (value == "null" || value == "~" || value == "Null" || value == "NULL") return;
    add(line.key, value);
  });
  while (!open.empty()) close();
  return out;
}

bool looks_like_yaml(std::string_view text) {
  bool found = false;
  for_each_line(text, [&](int, std::string_view raw) {
    const Line line = split(raw);
    found = found || std::find(kTelling.begin(), kTelling.end(), line.key) != kTelling.end();
  });
  return found;
}

}  // namespace traincast
