// The control plane: who am I, and agreement between ranks. Works without MPI as one rank.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace traincast {

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
  virtual std::vector<std::string> all_gather(const std::string& text) = 0;

  // Ends every rank with this exit code. Does not return under MPI.
  [[noreturn]] virtual void abort(int exit_code) = 0;
};

// MPI where this binary has it and a launcher started it (or MPI initialises as a singleton); one rank
// otherwise.
std::unique_ptr<Session> make_session(int* argc, char*** argv);
// "Open MPI 4.1.4" or "none".
std::string mpi_library_version();

}  // namespace traincast
