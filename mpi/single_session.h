// The session of a process that no launcher started.
#pragma once

#include "mpi/session.h"

namespace traincast {

class SingleSession final : public Session {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  int local_rank() const override { return 0; }
  int local_size() const override { return 1; }
  int nodes() const override { return 1; }
  std::string host() const override;
  void barrier() override {}
  void broadcast(void*, std::size_t, int) override {}
  double max(double value) override { return value; }
  std::vector<double> all_gather(double value) override { return {value}; }
  std::vector<std::string> all_gather(const std::string& text) override { return {text}; }
  std::unique_ptr<Session> split(int color, int key) override;
  [[noreturn]] void abort(int exit_code) override;
};

}  // namespace traincast
