// The readers behind load_transformer and load_plan, for who has the text of a config, but no file of it yet.
#pragma once

#include <string>

#include "host/config/find.h"
#include "host/config/reader.h"
#include "host/model/plan.h"
#include "host/model/transformer.h"

namespace traincast {

// Throw as those of load.h.
Transformer read_transformer(Reader root, std::string name);
Plan read_plan(Reader root, std::string name, const ConfigStore& store);

}  // namespace traincast
