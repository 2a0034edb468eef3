// Backend + Communicator -> Profile: everything that an estimate needs to know about this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/profile.h"
#include "host/measure/sampler.h"
#include "host/measure/sweep.h"
#include "kernels/backend.h"
#include "mpi/communicator.h"
#include "mpi/job_watch.h"
#include "mpi/session.h"

namespace traincast {

std::string utc_now();  // "2025-02-17T09:30:00Z"

// Burst: from a device that is cool between points, the highest clock. Sustained: after it has settled under
// load, as in training; rows are marked so. Both: sustained ones for what power limits (GEMMs, attention, the
// shapes of runs), where one execution takes long enough to matter.
enum class Mode { burst, sustained, both };
inline constexpr int kModes = 3;
std::string_view name(Mode mode);

struct MeasureOptions {
  Effort effort = Effort::normal;
  Mode mode = Mode::burst;
  std::vector<Section> sections = {Section::gemm, Section::attention,   Section::memory,      Section::host,
                                   Section::runs, Section::collectives, Section::interference};
  std::vector<Op> run_ops;   // of Section::runs; see ops_of_runs
  std::string runs;          // what those are, for the profile's options
  std::string storage;       // a folder whose write bandwidth to measure; "" for none
  std::string name;          // of the profile
  std::string gpu;           // see gpu_config_of
  std::string tool_version;  // of this program
  std::uint64_t seed = 1;    // of the random operands
  int algorithms = 1;        // of a library that are tried for the best figure of a GEMM of Section::runs
  std::function<std::string()> when = utc_now;
  std::function<Seconds()> now = steady_now;
  Watch* watch = nullptr;  // told what is under way
  // Goes on with this measurement, which was broken off; the same on all ranks. Rows end up as if it had not
  // been.
  std::optional<Profile> earlier;
  // Called on each rank after each point with all rows so far; `pass_ends` after the last of a part.
  std::function<void(const Profile&, bool pass_ends)> keep = [](const Profile&, bool) {};
};

// Lines for whoever waits, on all ranks alike in number but not in content.
using Progress = std::function<void(std::string_view line)>;

struct Measurement {
  Profile profile;
  std::vector<std::string> failures;  // collectives with wrong results; their rows carry the reason
};

// Collective: all ranks measure the same points at the same time, and medians are over all of them. Raw
// samples are this rank's; by convention rank 0's profile is kept. A kind of operation that cannot run has a
// row with the reason, one for each different reason. Throws DeviceError and CommError, and ConfigError where
// `earlier` was measured on another machine or with other options.
Measurement measure(Backend& backend, Communicator& communicator, Session& session,
                    const MeasureOptions& options, const Progress& progress);

// The profile before the first row: machine, versions, options. Collective.
Profile describe_machine(const DeviceInfo& info, const Communicator& communicator, Session& session,
                         const MeasureOptions& options);

}  // namespace traincast
