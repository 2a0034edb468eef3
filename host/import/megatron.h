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
  std::int64_t gpus = 0;  // the world size, which the arguments do not hold; 0: as few as the plan can take
  std::string stack;      // name of the stack config for the plan
};

struct ImportedTraining {
  Transformer model;  // `name` is empty
  Plan plan;          // likewise
  std::vector<std::string> notes;
};

// "tensor-model-parallel-size" -> "8"; a flag has the text "true". Dashes stand for underscores of a YAML.
using MegatronArguments = std::map<std::string, std::string, std::less<>>;

// A command line or shell script with --key value and --flag words (other words are skipped), or YAML lines
// "key: value" at any depth. Throws ConfigError where it finds none of the keys that a model needs.
MegatronArguments parse_megatron_arguments(std::string_view text, const std::string& file);

// Throws ConfigError of one line that names the file, the argument and what is accepted.
ImportedTraining import_megatron(const MegatronArguments& arguments, const std::string& file,
                                 const MegatronOptions& options);

}  // namespace traincast
