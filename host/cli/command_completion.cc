#include "host/base/errors.h"
#include "host/cli/command.h"
#include "host/cli/completion.h"
#include "host/cli/output.h"

namespace traincast {
namespace {

int run_completion(const Arguments& arguments) {
  const std::string& shell = arguments.positional().front();
  if (shell != "bash" && shell != "zsh") {
    throw UsageError("unknown shell \"" + shell + "\"; accepted: bash zsh");
  }
  emit_bytes(arguments, shell == "bash" ? bash_completion() : zsh_completion());
  return 0;
}

}  // namespace

extern const CommandSpec kCompletionCommand;
const CommandSpec kCompletionCommand{
    .name = "completion",
    .summary = "print what a shell needs to complete traincast's command lines",
    .details =
        "For bash: source it, or save it in bash-completion's folder of completions. For zsh: save it as\n"
        "_traincast in a folder of fpath. An installation has both.",
    .example = "source <(traincast completion bash)",
    .options = {},
    .positional = {"SHELL", "bash or zsh", 1, 1, {"bash", "zsh"}},
    .ranks = Ranks::one,
    .run = run_completion};

}  // namespace traincast
