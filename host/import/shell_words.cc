#include "host/import/shell_words.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "host/import/shell_arithmetic.h"

namespace traincast {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
// Of a variable: numbers and names of recipes are shorter, and repeated doubling stays bounded.
constexpr std::size_t kLongestValue = 128;
constexpr int kDeepestDefault = 8;

bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_blank(char c) {
  return kBlanks.find(c) != std::string_view::npos;
}
bool holds_options(std::string_view text) {
  return text.starts_with("--") || text.find(" --") != std::string_view::npos ||
         text.find("\n--") != std::string_view::npos || text.find("\t--") != std::string_view::npos;
}

class Script {
 public:
  explicit Script(std::string_view text) : text_(text) {}

  std::vector<ShellWord> words() {
    while (at_ < text_.size()) step();
    end_word();
    return std::move(words_);
  }

 private:
  struct Variable {
    std::string value;
    bool conditional = false;
  };

  char next() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : '\0'; }

  void step() {
    const char c = text_[at_];
    if (quote_ == '\'') {
      if (c == '\'') {
        quote_ = 0;
      } else {
        word_ += c;
      }
      ++at_;
    } else if (c == '$') {
      word_ += expansion(text_, at_, 0);
    } else if (c == '\\') {
      if (next() != '\n' && next() != '\r' && !is_blank(next())) {
        word_ += next();
      } else if (quote_ == 0) {
        end_word();
      } else {
        word_ += ' ';
      }
      at_ += 2;
    } else if (c == '`') {
      const std::size_t end = std::min(text_.find('`', at_ + 1), text_.size() - 1);
      word_ += text_.substr(at_, end + 1 - at_);
      at_ = end + 1;
    } else if (quote_ == '"') {
      if (c == '"') {
        quote_ = 0;
      } else {
        word_ += c;
      }
      ++at_;
    } else {
      unquoted(c);
    }
  }

  void unquoted(char c) {
    if (c == '#' && word_.empty()) {
      comment();
      return;
    }
    ++at_;
    if (c == '\'' || c == '"') {
      quote_ = c;
    } else if (c == '\n' || c == ';' || c == '&' || c == '|') {
      end_word();
      command_start_ = command_start_ || parentheses_ == 0 || c != '\n';  // an array goes on
      muted_ = false;
    } else if (c == '(') {
      end_word();
      ++parentheses_;
    } else if (c == ')') {
      if (parentheses_ == 0) {
        word_.clear();  // the pattern of a case
        command_start_ = true;
      } else {
        end_word();
        --parentheses_;
      }
    } else if (is_blank(c)) {
      end_word();
    } else {
      word_ += c;
    }
  }

  void comment() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string_view line = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
    constexpr std::string_view kBatch = "SBATCH";
    if (!line.starts_with(kBatch)) return;
    line.remove_prefix(kBatch.size());
    const std::size_t option = line.find("--");
    if (option == std::string_view::npos) return;
    line.remove_prefix(option + 2);
    words_.push_back({"--sbatch-" + std::string(line.substr(0, line.find_first_of(" \t\r")))});
  }

  // Of "$..." at `at`, which moves behind it.
  std::string expansion(std::string_view text, std::size_t& at, int depth) {
    const std::size_t begin = at++;
    const auto raw = [&] { return std::string(text.substr(begin, at - begin)); };
    if (text.substr(at, 2) == "((") {
      const std::size_t inner = at + 2;
      at = closing(text, at, '(', ')');
      const std::size_t end = at < inner + 2 ? inner : at - 2;
      const auto value = shell_arithmetic(text.substr(inner, end - inner), [&](std::string_view name) {
        const Variable* found = find(name);
        return found == nullptr ? std::string() : found->value;
      });
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
    while (at < text.size() && is_name_char(text[at])) ++at;
    if (at == name) {  // $@, $#
      if (at < text.size() && !is_blank(text[at]) && text[at] != '"') ++at;
      return raw();
    }
    return value_of(text.substr(name, at - name)).value_or(raw());
  }

  // "NAME", "NAME:-default", "NAME[@]"
  std::optional<std::string> braces(std::string_view body, int depth) {
    std::size_t end = 0;
    while (end < body.size() && is_name_char(body[end])) ++end;
    std::string_view rest = body.substr(end);
    const std::optional<std::string> value = value_of(body.substr(0, end));
    if (rest.empty() || rest == "[@]" || rest == "[*]" || (value && !value->empty())) return value;
    if (rest.starts_with(':')) rest.remove_prefix(1);
    if (depth == kDeepestDefault || rest.empty() || (rest[0] != '-' && rest[0] != '=')) return std::nullopt;
    std::string fallback;
    for (std::size_t at = 1; at < rest.size() && fallback.size() < kLongestValue;) {
      if (rest[at] == '$') {
        fallback += expansion(rest, at, depth + 1);
      } else {
        if (rest[at] != '"' && rest[at] != '\'') fallback += rest[at];
        ++at;
      }
    }
    return fallback;
  }

  // Behind the bracket that closes the one at `at`; the end where none does.
  static std::size_t closing(std::string_view text, std::size_t at, char open, char close) {
    int depth = 0;
    for (; at < text.size(); ++at) {
      if (text[at] == open) ++depth;
      if (text[at] == close && --depth == 0) return at + 1;
    }
    return text.size();
  }

  const Variable* find(std::string_view name) const {
    const auto found = variables_.find(name);
    return found == variables_.end() ? nullptr : &found->second;
  }
  std::optional<std::string> value_of(std::string_view name) {
    const Variable* found = find(name);
    if (found == nullptr) return std::nullopt;
    word_conditional_ = word_conditional_ || found->conditional;
    return found->value;
  }

  void end_word() {
    std::string word;
    word.swap(word_);
    const bool conditional = word_conditional_ || conditions_ > 0;
    word_conditional_ = false;
    if (word.empty() || muted_ || keyword(word) || assign(word, conditional)) return;
    add(word, conditional);
    command_start_ = false;
  }

  // True where it was one.
  bool keyword(const std::string& word) {
    if (!command_start_) return false;
    if (word == "echo" || word == "printf") {
      muted_ = true;
      return true;
    }
    if (word == "if" || word == "case") {
      ++conditions_;
      command_start_ = word == "if";
      return true;
    }
    if (word == "fi" || word == "esac") {
      conditions_ = std::max(0, conditions_ - 1);
      return true;
    }
    return word == "then" || word == "else" || word == "elif" || word == "do" || word == "export" ||
           word == "local" || word == "readonly" || word == "declare";
  }

  // Options in a text count where they are written, not again where the variable stands.
  bool assign(const std::string& word, bool conditional) {
    std::size_t end = 0;
    while (end < word.size() && is_name_char(word[end])) ++end;
    const std::size_t name = end;
    if (end < word.size() && word[end] == '+') ++end;
    if (name == 0 || end == word.size() || word[end] != '=') return false;
    std::string value = word.substr(end + 1);
    if (holds_options(value)) {
      add(value, conditional);
      value.clear();
    }
    if (value.size() > kLongestValue) value.clear();
    auto [at, fresh] = variables_.try_emplace(word.substr(0, name));
    at->second.conditional = conditional && !fresh && at->second.value != value;
    at->second.value = std::move(value);
    return true;
  }

  void add(std::string_view text, bool conditional) {
    if (!holds_options(text)) {
      words_.push_back({std::string(text), command_start_, conditional});
      return;
    }
    while (true) {
      const std::size_t begin = text.find_first_not_of(kBlanks);
      if (begin == std::string_view::npos) return;
      const std::size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
      std::string word(text.substr(begin, end - begin));
      std::erase_if(word, [](char c) { return c == '"' || c == '\''; });
      words_.push_back({std::move(word), false, conditional});
      text.remove_prefix(end);
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string word_;
  bool word_conditional_ = false;
  char quote_ = 0;
  int parentheses_ = 0;
  int conditions_ = 0;
  bool command_start_ = true;
  bool muted_ = false;
  std::map<std::string, Variable, std::less<>> variables_;
  std::vector<ShellWord> words_;
};

}  // namespace

std::vector<ShellWord> shell_words(std::string_view text) {
  return Script(text).words();
}

}  // namespace traincast
