// Backend + Communicator -> Profile: everything that an estimate needs to know about this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/profile.h"
#include "host/measure/sampler.h"
#include "host/measure/sweep.h"
#include "kernels/backend.h"
#include "mpi/communicator.h"
#include "mpi/session.h"

namespace traincast {

std::string utc_now();  // "2025-02-17T09:30:00Z"

struct MeasureOptions {
  Effort effort = Effort::normal;
  std::vector<Section> sections = {Section::gemm, Section::attention, Section::memory, Section::runs,
                                   Section::collectives};
  std::vector<Op> run_ops;   // of Section::runs; see ops_of_runs
  std::string name;          // of the profile
  std::string gpu;           // see gpu_config_of
  std::string tool_version;  // of this program
  std::uint64_t seed = 1;    // of the random operands
  std::function<std::string()> when = utc_now;
  std::function<Seconds()> now = steady_now;
  // Called after each section with all rows so far, so that an interrupted measurement keeps most of them.
  std::function<void(const Profile&)> section_done = [](const Profile&) {};
};

// Lines for whoever waits, on all ranks alike in number but not in content.
using Progress = std::function<void(std::string_view line)>;

struct Measurement {
  Profile profile;
  std::vector<std::string> failures;  // collectives with wrong results; their rows carry the reason
};

// Collective: all ranks measure the same points at the same time, and medians are over all of them. Raw
// samples are this rank's; by convention rank 0's profile is kept. A kind of operation that cannot run has a
// row with the reason, one for each different reason. Throws DeviceError and CommError.
Measurement measure(Backend& backend, Communicator& communicator, Session& session,
                    const MeasureOptions& options, const Progress& progress);

}  // namespace traincast
