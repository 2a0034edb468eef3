// The session of a process that a parallel launcher started.
#pragma once

#include <mpi.h>

#include "mpi/hosts.h"
#include "mpi/session.h"

namespace traincast {

class MpiSession final : public Session {
 public:
  MpiSession(int* argc, char*** argv);
  ~MpiSession() override;
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return placement_.local_rank; }
  int local_size() const override { return placement_.local_size; }
  int nodes() const override { return placement_.nodes; }
  std::string host() const override { return host_; }
  void barrier() override;
  void broadcast(void* data, std::size_t bytes, int root) override;
  double max(double value) override;
  std::vector<double> all_gather(double value) override;
  std::vector<std::string> all_gather(const std::string& text) override;
  std::unique_ptr<Session> split(int color, int key) override;
  [[noreturn]] void abort(int exit_code) override;

  MPI_Comm comm() const { return comm_; }
  // Whether MPI may be called from several threads at once.
  static bool threads_allowed();

  static std::string library_version();  // valid before MPI_Init too

 private:
  explicit MpiSession(MPI_Comm part);  // takes it over
  void place();

  bool initialised_here_ = false;
  int unwinding_;      // exceptions in flight when this was made
  bool part_ = false;  // of another session
  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  std::string host_;
  Placement placement_;
};

}  // namespace traincast
