// Collectives between host memories through MPI.
#pragma once

#include <mpi.h>

#include <array>
#include <memory>

#include "mpi/buffered.h"
#include "mpi/native/reduction.h"

namespace traincast {

class MpiCommunicator : public BufferedCommunicator {
 public:
  // Over all ranks of MPI_COMM_WORLD, which must be those of the session.
  explicit MpiCommunicator(Session& session);
  ~MpiCommunicator() override;
  MpiCommunicator(const MpiCommunicator&) = delete;
  MpiCommunicator& operator=(const MpiCommunicator&) = delete;
  std::string_view name() const override { return "mpi"; }
  std::vector<std::pair<std::string, std::string>> libraries() const override;
  std::string why_unsupported(Collective collective) const override;

 private:
  void accept(const Layout& layout) const override;
  std::unique_ptr<Buffer> allocate(std::size_t bytes) override;
  Seconds run(PreparedCollective& prepared, int repeats) override;
  void call(const Layout& layout, const void* send, void* receive) const;

  MPI_Comm comm_ = MPI_COMM_NULL;
  std::array<std::unique_ptr<MpiSum>, kDataTypes> sums_;
};

}  // namespace traincast
