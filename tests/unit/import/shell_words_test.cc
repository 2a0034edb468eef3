#include "host/import/shell_words.h"

#include <gtest/gtest.h>

#include "host/import/shell_arithmetic.h"

namespace traincast {
namespace {

std::vector<std::string> texts(std::string_view script) {
  std::vector<std::string> out;
  for (const ShellWord& word : shell_words(script)) out.push_back(word.text);
  return out;
}
using Texts = std::vector<std::string>;

TEST(ShellWords, FillsInVariables) {
  EXPECT_EQ(texts("TP=8\nrun --tp $TP --pp ${PP:-4} --cp=${TP}"),
            (Texts{"run", "--tp", "8", "--pp", "4", "--cp=8"}));
  EXPECT_EQ(texts("export A=2; B=$((A * (3 + $A))); run $B"), (Texts{"run", "10"}));
  EXPECT_EQ(texts("A=${A:-${B:-7}}\nrun $A '$A'"), (Texts{"run", "7", "$A"}));
  // What the script does not set stays as it is written.
  EXPECT_EQ(texts("run --a $1 --b ${NOPE} --c $(nproc)"),
            (Texts{"run", "--a", "$1", "--b", "${NOPE}", "--c", "$(nproc)"}));
}

TEST(ShellWords, TakesAlternativesWhereAVariableIsSet) {
  EXPECT_EQ(texts("V=2; E=\nrun ${V:+--virtual $V --x} ${E:+--y 1} ${NOPE:+--z}"),
            (Texts{"run", "--virtual", "2", "--x"}));
  EXPECT_EQ(texts("E=\nrun a${E+b}${NOPE+c} ${E-d}${NOPE-e}"), (Texts{"run", "ab", "e"}));
  const std::string many(4000, 'x');
  EXPECT_EQ(texts("V=1\nrun --a ${V:+" + many + "} ${NOPE:-" + many + "}"),
            (Texts{"run", "--a", many, many}));
  // Parts of a value only a shell makes.
  EXPECT_EQ(texts("C=80\nrun --tp ${C:0:1} ${C%0} ${#C}"),
            (Texts{"run", "--tp", "${C:0:1}", "${C%0}", "${#C}"}));
}

TEST(ShellWords, ReadsOptionsWhereTheyAreWritten) {
  EXPECT_EQ(texts("ARGS=\"\n  --a 1 \\\n  --b 2\n\"\nrun $ARGS"), (Texts{"--a", "1", "--b", "2", "run"}));
  EXPECT_EQ(texts("ARGS=( --a 1 # a comment\n --b )\nARGS+=(\"--c 3\")\nrun ${ARGS[@]}"),
            (Texts{"--a", "1", "--b", "--c", "3", "run"}));
  EXPECT_EQ(texts("#!/bin/bash\n#SBATCH --nodes=4\n# --x 1\nrun"), (Texts{"--sbatch-nodes=4", "run"}));
  EXPECT_EQ(texts("echo --x 1\ncase $1 in\n --data) D=2;;\nesac\nrun $D"), (Texts{"$1", "in", "run", "2"}));
}

TEST(ShellWords, KnowsWhatStandsUnderACondition) {
  const std::vector<ShellWord> words =
      shell_words("N=1\nif [ $X = 1 ]; then N=2; A+=(--fp8 hybrid); fi\n--n $N --m 3 --k $((N * 4))");
  const auto at = [&](std::string_view text) {
    for (const ShellWord& word : words) {
      if (word.text == text) return word;
    }
    return ShellWord{};
  };
  EXPECT_TRUE(at("--fp8").conditional);
  EXPECT_TRUE(at("2").conditional);  // set in two ways
  EXPECT_TRUE(at("8").conditional);
  EXPECT_FALSE(at("--m").conditional);
}

// Doubling a text over and over would fill the memory.
TEST(ShellWords, KeepsLongValuesOut) {
  std::string script = "A=xxxxxxxx\n";
  for (int i = 0; i < 200; ++i) script += "A=$A$A\n";
  EXPECT_EQ(texts(script + "run $A"), (Texts{"run"}));
}

TEST(ShellArithmetic, ComputesOrRefuses) {
  const auto none = [](std::string_view) { return std::string(); };
  EXPECT_EQ(shell_arithmetic("2 + 3 * 4 - 10 / 3 % 2", none), 13);
  EXPECT_EQ(shell_arithmetic("$A*${A}", [](std::string_view) { return std::string("6"); }), 36);
  for (const char* bad : {"", "1 +", "1 / 0", "(1", "x", "1 1", "9223372036854775807 + 1", "2 ** 3"}) {
    EXPECT_FALSE(shell_arithmetic(bad, none)) << bad;
  }
  EXPECT_FALSE(shell_arithmetic(std::string(100'000, '(') + "1", none));
}

}  // namespace
}  // namespace traincast
