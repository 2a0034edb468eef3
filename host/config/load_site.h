// The parts of a cluster config about what stands and feeds the site by date.
#pragma once

#include "host/config/find.h"
#include "host/config/reader.h"
#include "host/model/cluster.h"

namespace traincast {

// A required day "YYYY-MM-DD".
Date read_date(Reader& reader, std::string_view key);

// Refuses dates out of order, a source that ends before it begins, and fleets that the cluster lacks.
Timeline read_timeline(Reader reader, const Cluster& cluster, const ConfigStore& store);

SlowNodes read_slow_nodes(Reader reader);

}  // namespace traincast
