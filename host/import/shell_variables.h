// A shell script's variables, and what stands for them.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace traincast {

bool is_shell_name_char(char c);

class ShellVariables {
 public:
  // Longer values are kept as none: numbers and names of recipes are short, and repeated doubling stays
  // bounded.
  void set(const std::string& name, std::string value, bool conditional);

  // Of "$A", "${A:-1}", "${A:+--words}", "$((A + 1))" or "$(command)" at `at`, which moves behind it. What is
  // set nowhere, and what only running it would tell, stays as it is written.
  std::string expansion(std::string_view text, std::size_t& at) { return expansion(text, at, 0); }

  // Whether a variable that conditions set in several ways was used since the last call.
  bool used_conditional();

 private:
  struct Variable {
    std::string value;
    bool conditional = false;
  };
  std::string expansion(std::string_view text, std::size_t& at, int depth);
  std::optional<std::string> braces(std::string_view body, int depth);
  std::optional<std::string> value_of(std::string_view name);
  const Variable* find(std::string_view name) const;

  std::map<std::string, Variable, std::less<>> variables_;
  bool used_conditional_ = false;
};

}  // namespace traincast
