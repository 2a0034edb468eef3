// Collectives between host memories through MPI.
#pragma once

#include <mpi.h>

#include <array>
#include <memory>

#include "mpi/buffered.h"
#include "mpi/native/background.h"
#include "mpi/native/reduction.h"

namespace traincast {

class MpiCommunicator : public BufferedCommunicator {
 public:
  // Over the ranks of the session, which must be MPI's.
  explicit MpiCommunicator(Session& session);
  explicit MpiCommunicator(std::unique_ptr<Session> own);
  ~MpiCommunicator() override;
  MpiCommunicator(const MpiCommunicator&) = delete;
  MpiCommunicator& operator=(const MpiCommunicator&) = delete;
  std::string_view name() const override { return "mpi"; }
  std::vector<std::pair<std::string, std::string>> libraries() const override;
  std::string why_unsupported(Collective collective) const override;

 private:
  void accept(const Layout& layout) const override;
  std::unique_ptr<Buffer> allocate(std::size_t bytes) override;
  bool runs_in_place() const override { return true; }
  Seconds run(PreparedCollective& prepared, int repeats) override;
  void begin(PreparedCollective& prepared, int repeats) override;
  std::unique_ptr<Communicator> over(std::unique_ptr<Session> part, int color, int key) override;

  void open();
  Seconds run_on(MPI_Comm comm, PreparedCollective& prepared, int repeats) const;
  void call(MPI_Comm comm, const Layout& layout, const void* send, void* receive) const;

  int unwinding_;  // exceptions in flight when this was made
  // Two message spaces: what runs in the background cannot match what this thread sends meanwhile.
  MPI_Comm comm_ = MPI_COMM_NULL, background_comm_ = MPI_COMM_NULL;
  std::unique_ptr<Background> background_;  // made when first needed
  std::array<std::unique_ptr<MpiSum>, kDataTypes> sums_;
};

}  // namespace traincast
