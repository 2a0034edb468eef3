// Words of a shell script with its variables filled in, as far as can be said without running it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace traincast {

struct ShellWord {
  std::string text;
  bool first = false;        // of a command: no option's value
  bool conditional = false;  // inside an `if` or `case`, or of a variable that those set in several ways
};

// In order: words of commands, of arrays, and of texts that hold options ("--a 1 --b 2"), where they are
// written. Variables (${A}, ${A:-1}), and whole arithmetic ($((A * B))) are replaced; what is set nowhere
// stays as it is written, "${A}". "#SBATCH --nodes=2" becomes "--sbatch-nodes=2". Left out: comments, `echo`,
// patterns of `case`.
std::vector<ShellWord> shell_words(std::string_view text);

}  // namespace traincast
