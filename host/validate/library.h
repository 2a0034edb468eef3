// Loads every GPU, stack and model of the configs once, for rows that may refer to any of them.
#pragma once

#include "host/config/find.h"
#include "host/validate/evaluate.h"

namespace traincast {

Library load_library(const ConfigStore& store);

}  // namespace traincast
