// What interrupts a job: the "reliability" of a cluster, alone or on top of a named set.
#pragma once

#include <string_view>

#include "host/config/find.h"
#include "host/config/reader.h"
#include "host/model/failure_rates.h"

namespace traincast {

// The short form {"mtbf_per_gpu", "restart"}; or causes with their counts and the phases of a restart; or
// {"set": NAME} and the keys that differ from the set's.
Reliability read_reliability(Reader reader, const ConfigStore& store);

// configs/reliability/NAME.json, or any file of that form.
Reliability load_reliability(const ConfigStore& store, std::string_view name_or_path);

// configs/communicators/NAME.json: {"fixed"?, "per_rank", "per_rank_squared"?}, named under "communicators"
// beside the phases of a restart.
Communicators load_communicators(const ConfigStore& store, std::string_view name_or_path);

}  // namespace traincast
