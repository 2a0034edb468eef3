// The arguments of Megatron-LM's pretrain_gpt.py (megatron/training/arguments.py) or of a NeMo YAML, as a
// model and a plan.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/model/plan.h"
#include "host/model/transformer.h"

namespace traincast {

struct MegatronOptions {
  std::int64_t gpus =
      0;  // the world size, where the arguments do not hold it; 0: as few as the plan can take
  std::int64_t vocab = 0;  // words, likewise, before the padding; 0: GPT-2's
  std::string stack;       // name of the stack config for the plan
};

struct ImportedTraining {
  Transformer model;               // `name` is empty
  Plan plan;                       // likewise
  std::vector<std::string> notes;  // what was assumed, chosen among several, or left out, one line each
};

struct MegatronArgument {
  std::string text;                    // of a flag "true"
  bool typed = false;                  // "--key" of a command line or script; not of a YAML or Hydra's
  bool conditional = false;            // inside an `if` or `case` of a script
  std::vector<std::string> overruled;  // other texts of the same argument
};
// By name without "--"; dashes stand for underscores ("tensor-model-parallel-size").
using MegatronArguments = std::map<std::string, MegatronArgument, std::less<>>;

// A command line or shell script with --key value, --key=value and --flag words, or with Hydra's a.b=value;
// or YAML of nested maps, whose keys may be options ("--bf16: true"). Variables that the text sets are filled
// in. Other words are skipped.
MegatronArguments parse_megatron_arguments(std::string_view text);

// A later file's count: a NeMo YAML and then the command line that changes it.
void override_megatron_arguments(MegatronArguments& base, const MegatronArguments& over);

// `file` names the arguments in messages. Throws ConfigError of one line that names the argument and what is
// accepted. Arguments that change a step's time or memory and find no place in a model or plan are named in
// `notes`, and so are those that nothing here knows.
ImportedTraining import_megatron(const MegatronArguments& arguments, const std::string& file,
                                 const MegatronOptions& options);

}  // namespace traincast
