// The control plane: who am I, and agreement between ranks. Works without MPI as one rank.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace traincast {

// Every call but the facts and abort() is collective: all ranks make it, in the same order. Failures are
// CommError. A rank that fails while others wait must call abort(): keep the session alive outside the try
// block that does so. A session destroyed by a passing exception ends the whole job with exit code 1, because
// finalising would wait for ranks that wait for this one.
class Session {
 public:
  virtual ~Session() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual int local_rank() const = 0;  // index among the ranks of this host
  virtual int local_size() const = 0;
  virtual int nodes() const = 0;  // distinct hosts
  virtual std::string host() const = 0;

  virtual void barrier() = 0;
  virtual void broadcast(void* data, std::size_t bytes, int root) = 0;
  virtual double max(double value) = 0;                      // same answer on all ranks
  virtual std::vector<double> all_gather(double value) = 0;  // by rank
  // By rank; the texts may differ in length and hold any bytes.
  virtual std::vector<std::string> all_gather(const std::string& text) = 0;

  // The ranks of one color as a session of their own, ordered by key and then by rank here; nullptr for a
  // rank whose color is negative. Its abort() ends every rank of the job. It must not outlive this one.
  virtual std::unique_ptr<Session> split(int color, int key) = 0;

  // Ends every rank with this exit code, after flushing stdout and stderr.
  [[noreturn]] virtual void abort(int exit_code) = 0;
};

// Several ranks where a launcher (mpirun, srun, ...) started this process, else one, without touching MPI: on
// a login node a broken MPI does no harm. Throws CommError when a launcher started several processes and this
// binary has no MPI, or its MPI does not understand that launcher.
std::unique_ptr<Session> make_session(int* argc, char*** argv);
// "Open MPI 4.1.4" or "none".
std::string mpi_library_version();

// The first rank's text that is not empty, with its rank and host ("rank 3 on node7: ..."), or "": the same
// on all ranks. Collective.
std::string first_failure(Session& session, const std::string& mine);

}  // namespace traincast
