// One loader for each kind of config. Each takes the store and a name or a path, reads strictly (see
// reader.h), and throws ConfigError of one line that names file, JSON pointer and what is accepted.
#pragma once

#include <string_view>

#include "host/config/find.h"
#include "host/model/cluster.h"
#include "host/model/gpu.h"
#include "host/model/plan.h"
#include "host/model/run.h"
#include "host/model/stack.h"
#include "host/model/transformer.h"

namespace traincast {

Gpu load_gpu(const ConfigStore& store, std::string_view name_or_path);
Cluster load_cluster(const ConfigStore& store, std::string_view name_or_path);

// Also refuses a stated parameter count that differs from the computed one by more than 1 % (active ones: 5
// %, because publications differ in whether embeddings are active and round to two digits).
Transformer load_transformer(const ConfigStore& store, std::string_view name_or_path);

Plan load_plan(const ConfigStore& store, std::string_view name_or_path);

// Keys that the file lacks come from its parent, and so on; a cycle of parents is refused.
Stack load_stack(const ConfigStore& store, std::string_view name_or_path);

// Loads the model, the cluster, the plan, the stack and (to check them) the GPUs that the run names, and
// refuses a plan that cannot be laid out on that model and so many GPUs.
Run load_run(const ConfigStore& store, std::string_view name_or_path);

}  // namespace traincast
