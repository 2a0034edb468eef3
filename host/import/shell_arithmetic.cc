#include "host/import/shell_arithmetic.h"

#include <cctype>
#include <limits>

#include "host/import/test_lines.h"

namespace traincast {
namespace {

constexpr int kDeepest = 32;

class Expression {
 public:
  Expression(std::string_view text, const std::function<std::string(std::string_view)>& value_of)
      : text_(text), value_of_(value_of) {}

  std::optional<std::int64_t> value() {
    const auto result = sum(0);
    skip();
    return at_ == text_.size() ? result : std::nullopt;
  }

 private:
  using Number = std::optional<std::int64_t>;

  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Number sum(int depth) {
    Number left = product(depth);
    while (left) {
      const bool plus = take('+');
      if (!plus && !take('-')) return left;
      const Number right = product(depth);
      std::int64_t out = 0;
      if (!right ||
          (plus ? __builtin_add_overflow(*left, *right, &out) : __builtin_sub_overflow(*left, *right, &out)))
        return std::nullopt;
      left = out;
    }
    return left;
  }

  Number product(int depth) {
    Number left = factor(depth);
    while (left) {
      const char op = take('*') ? '*' : take('/') ? '/' : take('%') ? '%' : '\0';
      if (op == '\0') return left;
      const Number right = factor(depth);
      std::int64_t out = 0;
      if (!right || (op == '*' && __builtin_mul_overflow(*left, *right, &out))) return std::nullopt;
      if (op != '*') {
        // The least number has no positive twin.
        if (*right == 0 || (*right == -1 && *left == std::numeric_limits<std::int64_t>::min()))
          return std::nullopt;
        out = op == '/' ? *left / *right : *left % *right;
      }
      left = out;
    }
    return left;
  }

  Number factor(int depth) {
    if (depth == kDeepest) return std::nullopt;
    if (take('(')) {
      const Number inner = sum(depth + 1);
      return take(')') ? inner : std::nullopt;
    }
    take('$');
    const bool braces = take('{');
    skip();
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word.empty() || (braces && !take('}'))) return std::nullopt;
    if (std::isdigit(static_cast<unsigned char>(word[0])) != 0) return whole_number(word);
    return whole_number(value_of_(word));
  }

  std::string_view text_;
  const std::function<std::string(std::string_view)>& value_of_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::int64_t> shell_arithmetic(std::string_view text,
                                             const std::function<std::string(std::string_view)>& value_of) {
  return Expression(text, value_of).value();
}

}  // namespace traincast
