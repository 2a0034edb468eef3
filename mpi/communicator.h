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

// What is not known is "" and 0.
struct LibraryChoice {
  std::string algorithm;  // "ring", "tree", "nvls", "nvls_tree", "pat", "collnet_direct", "collnet_chain"
  std::string protocol;   // "ll", "ll128", "simple"
  int channels = 0;
  Seconds estimate;  // the library's own forecast of one call
};

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
  // The same with input and output in one buffer, as gradients are summed and parameters gathered in
  // training, where this fabric and collective can (all_reduce, all_gather, reduce_scatter between several
  // ranks); else as prepare().
  virtual std::unique_ptr<Prepared> prepare_in_place(Collective collective, Bytes message, DataType dtype) {
    return prepare(collective, message, dtype);
  }
  virtual bool in_place(const Prepared&) const { return false; }
  // Bytes really sent per the convention of collective.h, after rounding.
  virtual Bytes message(const Prepared& prepared) const = 0;

  // The slowest rank's time for all `repeats` back-to-back calls together, agreed by all ranks.
  virtual Seconds time(Prepared& prepared, int repeats) = 0;

  // Collective, without waiting: begins `repeats` calls back to back and returns, so that this rank can
  // compute meanwhile. What was started runs in the order started, the same on all ranks. NCCL runs it on its
  // own stream, MPI in a thread of its own (or at once, where the library allows one thread only), one rank
  // at once. Each start() has one wait() before the next start() or time() of the same message.
  virtual void start(Prepared& prepared, int repeats) = 0;
  void start(Prepared& prepared) { start(prepared, 1); }
  // Waits for what start() began; this rank's time for it, from its first call to its last. Throws CommError
  // for a failure of it.
  virtual Seconds wait(Prepared& prepared) = 0;

  // The ranks of one color among themselves, ordered by key and then by rank here; nullptr where the color is
  // negative. Collective over this communicator's ranks; must not outlive it.
  virtual std::unique_ptr<Communicator> split(int color, int key) = 0;

  // How the library runs this message, by its own account.
  virtual LibraryChoice choice(Prepared&) { return {}; }

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
