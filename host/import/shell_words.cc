#include "host/import/shell_words.h"

#include <algorithm>

#include "host/import/shell_variables.h"

namespace traincast {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
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
      word_ += variables_.expansion(text_, at_);
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

  void end_word() {
    std::string word;
    word.swap(word_);
    const bool conditional = variables_.used_conditional() || conditions_ > 0;
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
    while (end < word.size() && is_shell_name_char(word[end])) ++end;
    const std::size_t name = end;
    if (end < word.size() && word[end] == '+') ++end;
    if (name == 0 || end == word.size() || word[end] != '=') return false;
    std::string value = word.substr(end + 1);
    if (holds_options(value)) {
      add(value, conditional);
      value.clear();
    }
    variables_.set(word.substr(0, name), std::move(value), conditional);
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
  char quote_ = 0;
  int parentheses_ = 0;
  int conditions_ = 0;
  bool command_start_ = true;
  bool muted_ = false;
  ShellVariables variables_;
  std::vector<ShellWord> words_;
};

}  // namespace

std::vector<ShellWord> shell_words(std::string_view text) {
  return Script(text).words();
}

}  // namespace traincast
