// The plan in Megatron's arguments.
#pragma once

#include <string>
#include <vector>

#include "host/import/megatron_given.h"

namespace traincast {

// Throws ConfigError as import_megatron.
Plan megatron_plan(const Given& given, const Transformer& model, const MegatronOptions& options,
                   std::vector<std::string>& notes);

}  // namespace traincast
