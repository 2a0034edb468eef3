#include "mpi/local_communicator.h"

#include <chrono>

#include "host/base/errors.h"
#include "mpi/host_buffer.h"

namespace traincast {

LocalCommunicator::LocalCommunicator(Session& session) : BufferedCommunicator(session) {
  if (session.size() != 1) {
    throw CommError("no fabric for " + std::to_string(session.size()) + " ranks: this binary has no MPI");
  }
}

LocalCommunicator::LocalCommunicator(std::unique_ptr<Session> own) : BufferedCommunicator(std::move(own)) {}

std::unique_ptr<Communicator> LocalCommunicator::over(std::unique_ptr<Session> part, int, int) {
  return part == nullptr ? nullptr : std::make_unique<LocalCommunicator>(std::move(part));
}

std::string LocalCommunicator::why_unsupported(Collective collective) const {
  return collective == Collective::send_recv ? "needs two ranks; start the tool with mpirun" : "";
}

void LocalCommunicator::accept(const Layout&) const {}

std::unique_ptr<Buffer> LocalCommunicator::allocate(std::size_t bytes) {
  return std::make_unique<HostBuffer>(bytes);
}

Seconds LocalCommunicator::run(PreparedCollective& prepared, int repeats) {
  const auto bytes = static_cast<std::size_t>(prepared.layout.send_bytes().value());
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats; ++i) {
    prepared.receive->write(0, static_cast<const std::byte*>(prepared.send->data()), bytes);
  }
  return Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

}  // namespace traincast
