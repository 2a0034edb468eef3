// Collectives between GPUs through NCCL: one process and one GPU a rank.
#pragma once

#include <nccl.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "mpi/buffered.h"
#include "mpi/nccl/device.h"

namespace traincast {

class NcclCommunicator final : public BufferedCommunicator {
 public:
  // Collective. Throws CommError, on all ranks alike, where a rank's device cannot be used or two ranks share
  // one; NCCL itself would fail late or hang.
  NcclCommunicator(Session& session, int device, Seconds timeout);
  // Over the ranks of a part, whose communicator it takes over.
  NcclCommunicator(std::unique_ptr<Session> part, ncclComm_t comm, const NcclCommunicator& whole);
  ~NcclCommunicator() override;
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;
  std::string_view name() const override { return "nccl"; }
  std::vector<std::pair<std::string, std::string>> libraries() const override;
  std::string why_unsupported(Collective collective) const override;
  LibraryChoice choice(Prepared& prepared) override;

 private:
  void accept(const Layout& layout) const override;
  std::unique_ptr<Buffer> allocate(std::size_t bytes) override;
  bool runs_in_place() const override { return true; }
  std::size_t reduced_in_place_at(const Layout& layout) const override;
  std::unique_ptr<PreparedCollective> make_prepared() override;
  Seconds run(PreparedCollective& prepared, int repeats) override;
  void begin(PreparedCollective& prepared, int repeats) override;
  Seconds end(PreparedCollective& prepared) override;
  std::unique_ptr<Communicator> over(std::unique_ptr<Session> part, int color, int key) override;

  void open_device();
  void connect();
  // One call, enqueued on this communicator's stream.
  void enqueue(PreparedCollective& prepared);
  void wait_for(const PreparedCollective& prepared);
  // Runs `work`; on failure aborts the communicator and throws with the message, the rank and its host.
  void guarded(const PreparedCollective& prepared, const std::function<void()>& work);
  void give_up();

  int device_;
  Seconds timeout_;
  int unwinding_;  // exceptions in flight when this was made
  int capability_ = 0;
  std::optional<Stream> stream_;
  ncclComm_t comm_ = nullptr;
};

}  // namespace traincast
