// How fast the ranks write files: what checkpoints wait for.
#pragma once

#include <filesystem>
#include <functional>

#include "host/config/profile.h"
#include "host/measure/sampler.h"
#include "mpi/job_watch.h"
#include "mpi/session.h"

namespace traincast {

// Throws ConfigError "cannot write FOLDER: reason" where it is no folder, no file can be made in it, or it
// has no room for one file of each rank and a tenth more.
void check_storage(const std::filesystem::path& folder, Bytes file, int writers);

Bytes storage_file(Effort effort);  // size of the file of one rank

// Collective: every rank writes a file of its own with data that do not compress, flushes it to the disk and
// removes it again, `tries` times, all at once. A failure is a row with the reason. `watch` hears of each
// GiB.
StorageRow measure_storage(Session& session, const std::filesystem::path& folder, Bytes file, int tries,
                           const std::function<Seconds()>& now, Watch& watch);

// Of all ranks together, while they all write.
Bandwidth aggregate_rate(const StorageRow& row);

}  // namespace traincast
