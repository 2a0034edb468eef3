#include "mpi/native/communicator.h"

#include <chrono>
#include <climits>
#include <string>

#include "host/base/errors.h"
#include "mpi/host_buffer.h"
#include "mpi/native/check.h"

namespace traincast {

MpiCommunicator::MpiCommunicator(Session& session) : BufferedCommunicator(session) {
  int running = 0;
  int size = 0;
  check_mpi("MPI_Initialized", MPI_Initialized(&running));
  if (running != 0) check_mpi("MPI_Comm_size", MPI_Comm_size(MPI_COMM_WORLD, &size));
  if (size != session.size()) {
    throw CommError("MPI runs " + std::to_string(size) + " ranks, the session has " +
                    std::to_string(session.size()));
  }
  check_mpi("MPI_Comm_dup", MPI_Comm_dup(MPI_COMM_WORLD, &comm_));
  check_mpi("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN));
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    sums_[i] = std::make_unique<MpiSum>(static_cast<DataType>(i));
  }
}

MpiCommunicator::~MpiCommunicator() {
  MPI_Comm_free(&comm_);
}

std::vector<std::pair<std::string, std::string>> MpiCommunicator::libraries() const {
  return {{"MPI", mpi_library_version()}};
}

std::string MpiCommunicator::why_unsupported(Collective collective) const {
  return collective == Collective::send_recv && session().size() == 1 ? "needs two ranks" : "";
}

void MpiCommunicator::accept(const Layout& layout) const {
  if (layout.block > INT_MAX) {
    throw CommError(to_string(layout) + ": MPI counts to 2147483647 elements, this needs " +
                    std::to_string(layout.block));
  }
}

std::unique_ptr<Buffer> MpiCommunicator::allocate(std::size_t bytes) {
  return std::make_unique<HostBuffer>(bytes);
}

Seconds MpiCommunicator::run(PreparedCollective& prepared, int repeats) {
  const void* send = prepared.send->data();
  void* receive = prepared.receive->data();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats; ++i) call(prepared.layout, send, receive);
  return Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

void MpiCommunicator::call(const Layout& layout, const void* send, void* receive) const {
  const auto count = static_cast<int>(layout.block);
  const MPI_Datatype type = mpi_type(layout.dtype);
  const MPI_Op sum = sums_[static_cast<std::size_t>(layout.dtype)]->get();
  const int next = (session().rank() + 1) % layout.ranks;
  const int previous = (session().rank() + layout.ranks - 1) % layout.ranks;
  switch (layout.collective) {
    case Collective::all_reduce:
      return check_mpi("MPI_Allreduce", MPI_Allreduce(send, receive, count, type, sum, comm_));
    case Collective::all_gather:
      return check_mpi("MPI_Allgather", MPI_Allgather(send, count, type, receive, count, type, comm_));
    case Collective::reduce_scatter:
      return check_mpi("MPI_Reduce_scatter_block",
                       MPI_Reduce_scatter_block(send, receive, count, type, sum, comm_));
    case Collective::all_to_all:
      return check_mpi("MPI_Alltoall", MPI_Alltoall(send, count, type, receive, count, type, comm_));
    case Collective::send_recv:
      return check_mpi("MPI_Sendrecv", MPI_Sendrecv(send, count, type, next, 0, receive, count, type,
                                                    previous, 0, comm_, MPI_STATUS_IGNORE));
  }
}

}  // namespace traincast
