#include <algorithm>
#include <cctype>

#include "host/base/errors.h"
#include "host/import/megatron.h"

namespace traincast {
namespace {

constexpr std::string_view kRampup = "rampup-batch-size";

// Words of a command line: blanks, line continuations and shell arrays' parentheses part them; quotes group.
std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  char quote = 0;
  bool comment = false;
  const auto end_word = [&] {
    if (!word.empty()) out.push_back(word);
    word.clear();
  };
  for (const char c : text) {
    if (comment) {
      comment = c != '\n';
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && word.empty()) {
      comment = true;
    } else if (std::isspace(static_cast<unsigned char>(c)) != 0 || c == '\\' || c == '(' || c == ')') {
      end_word();
    } else {
      word += c;
    }
  }
  end_word();
  return out;
}

std::string dashed(std::string_view key) {
  std::string out(key);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

void add_command_line(MegatronArguments& out, const std::vector<std::string>& list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].starts_with("--") || list[i].size() < 3) continue;
    std::string key = list[i].substr(2);
    std::string value = "true";
    if (const std::size_t equals = key.find('='); equals != std::string::npos) {
      value = key.substr(equals + 1);
      key.resize(equals);
    } else if (i + 1 < list.size() && !list[i + 1].starts_with("--")) {
      value = list[++i];
      // The one argument of several words.
      while (dashed(key) == kRampup && i + 1 < list.size() && !list[i + 1].starts_with("--")) {
        value += " " + list[++i];
      }
    }
    out[dashed(key)] = value;
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

// Lines "key: value" of any depth; lists and blocks are none of ours.
void add_yaml(MegatronArguments& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (const std::size_t comment = line.find(" #"); comment != std::string_view::npos)
      line = line.substr(0, comment);
    line = trimmed(line);
    const std::size_t colon = line.find(':');
    if (line.empty() || line.front() == '#' || colon == std::string_view::npos) continue;
    const std::string_view key = trimmed(line.substr(0, colon));
    std::string_view value = trimmed(line.substr(colon + 1));
    if (value.size() > 1 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front()) {
      value = value.substr(1, value.size() - 2);
    }
    const bool word = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_' || c == '-';
    });
    if (!word || value.empty() || value == "null" || value == "~") continue;
    out[dashed(key)] = std::string(value);
  }
}

}  // namespace

MegatronArguments parse_megatron_arguments(std::string_view text, const std::string& file) {
  MegatronArguments out;
  add_command_line(out, words(text));
  if (out.find("num-layers") == out.end()) add_yaml(out, text);
  if (out.find("num-layers") == out.end()) {
    throw ConfigError(file +
                      ": holds neither --num-layers nor num_layers; accepted: arguments of Megatron-LM's "
                      "pretrain_gpt.py, or a YAML with their names");
  }
  return out;
}

}  // namespace traincast
