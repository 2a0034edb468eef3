// Collectives between GPUs through NCCL: one process and one GPU a rank.
#pragma once

#include <nccl.h>

#include <optional>

#include "mpi/buffered.h"
#include "mpi/nccl/device.h"

namespace traincast {

class NcclCommunicator final : public BufferedCommunicator {
 public:
  // Collective. Throws CommError, on all ranks alike, where a rank's device cannot be used or two ranks share
  // one; NCCL itself would fail late or hang.
  NcclCommunicator(Session& session, int device, Seconds timeout);
  ~NcclCommunicator() override;
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;
  std::string_view name() const override { return "nccl"; }
  std::vector<std::pair<std::string, std::string>> libraries() const override;
  std::string why_unsupported(Collective collective) const override;

 private:
  void accept(const Layout& layout) const override;
  std::unique_ptr<Buffer> allocate(std::size_t bytes) override;
  Seconds run(PreparedCollective& prepared, int repeats) override;

  void open_device();
  void connect();
  void enqueue(const Layout& layout, const void* send, void* receive);
  void wait(const Layout& layout);
  void give_up();

  int device_;
  Seconds timeout_;
  int unwinding_;  // exceptions in flight when this was made
  int capability_ = 0;
  std::optional<TimedStream> stream_;
  ncclComm_t comm_ = nullptr;
};

}  // namespace traincast
