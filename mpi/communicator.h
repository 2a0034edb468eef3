// The seam between a fabric and everything else: the same shape as Backend, so that one sampler drives both.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/collective.h"
#include "host/base/data_type.h"
#include "host/base/units.h"
#include "kernels/backend.h"
#include "mpi/session.h"

namespace traincast {

class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual std::string_view name() const = 0;  // "nccl", "mpi" or "local"
  virtual std::vector<std::pair<std::string, std::string>> libraries() const = 0;
  virtual std::string why_unsupported(Collective collective) const = 0;

  // Collective over all ranks: every rank calls it with the same arguments. Message size as
  // host/base/collective.h defines it, rounded down to what divides evenly among ranks and elements (never to
  // 0). FP4 moves as bytes of two elements and is never reduced. Throws CommError, on all ranks alike, for
  // what cannot run: an unsupported collective or dtype, or a message that does not fit a rank's memory.
  virtual std::unique_ptr<Prepared> prepare(Collective collective, Bytes message, DataType dtype) = 0;
  // Bytes really sent per the convention of collective.h, after rounding.
  virtual Bytes message(const Prepared& prepared) const = 0;

  // The slowest rank's time for all `repeats` back-to-back calls together, agreed by all ranks.
  virtual Seconds time(Prepared& prepared, int repeats) = 0;

  // Runs once on inputs of a known pattern, into a poisoned output, and compares every element on every rank.
  // "" when all ranks are right, else the first wrong rank, index and values; the same text on all ranks.
  virtual std::string verify(Prepared& prepared) = 0;
};

inline constexpr Seconds kCollectiveTimeout{120};

// `backend` is the backend that the ranks use ("cuda" or "cpu"); `device` this rank's ordinal. NCCL for cuda
// where this binary has it, else MPI through host memory for several ranks, else local. Throws CommError when
// two ranks would share a GPU. NCCL calls that take longer than `timeout` end with CommError. The session
// must outlive the communicator.
std::unique_ptr<Communicator> make_communicator(Session& session, std::string_view backend, int device,
                                                Seconds timeout = kCollectiveTimeout);

}  // namespace traincast
