#include "mpi/native/communicator.h"

#include <chrono>
#include <climits>
#include <exception>
#include <string>
#include <utility>

#include "host/base/errors.h"
#include "mpi/host_buffer.h"
#include "mpi/native/check.h"
#include "mpi/native/session.h"

namespace traincast {

MpiCommunicator::MpiCommunicator(Session& session)
    : BufferedCommunicator(session), unwinding_(std::uncaught_exceptions()) {
  open();
}

MpiCommunicator::MpiCommunicator(std::unique_ptr<Session> own)
    : BufferedCommunicator(std::move(own)), unwinding_(std::uncaught_exceptions()) {
  open();
}

void MpiCommunicator::open() {
  const auto* native = dynamic_cast<const MpiSession*>(&session());
  if (native == nullptr) throw CommError("MPI does not run the ranks of this session");
  for (MPI_Comm* comm : {&comm_, &background_comm_}) {
    check_mpi("MPI_Comm_dup", MPI_Comm_dup(native->comm(), comm));
    check_mpi("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(*comm, MPI_ERRORS_RETURN));
  }
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    sums_[i] = std::make_unique<MpiSum>(static_cast<DataType>(i));
  }
}

MpiCommunicator::~MpiCommunicator() {
  // Work under way may wait for a rank that does not come, and freeing needs all ranks.
  if (std::uncaught_exceptions() > unwinding_) {
    static_cast<void>(background_.release());
    return;
  }
  background_.reset();
  MPI_Comm_free(&background_comm_);
  MPI_Comm_free(&comm_);
}

std::unique_ptr<Communicator> MpiCommunicator::over(std::unique_ptr<Session> part, int, int) {
  return part == nullptr ? nullptr : std::make_unique<MpiCommunicator>(std::move(part));
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
  return run_on(comm_, prepared, repeats);
}

void MpiCommunicator::begin(PreparedCollective& prepared, int repeats) {
  if (!MpiSession::threads_allowed()) return BufferedCommunicator::begin(prepared, repeats);
  if (background_ == nullptr) background_ = std::make_unique<Background>();
  PreparedCollective* what = &prepared;
  prepared.done =
      background_->push([this, what, repeats] { return run_on(background_comm_, *what, repeats); });
}

Seconds MpiCommunicator::run_on(MPI_Comm comm, PreparedCollective& prepared, int repeats) const {
  // MPI finds the input of a call in place inside the output's buffer.
  const void* send = prepared.in_place ? MPI_IN_PLACE : prepared.input_data();
  void* receive = prepared.output_data();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats; ++i) call(comm, prepared.layout, send, receive);
  return Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

void MpiCommunicator::call(MPI_Comm comm, const Layout& layout, const void* send, void* receive) const {
  const auto count = static_cast<int>(layout.block);
  const MPI_Datatype type = mpi_type(layout.dtype);
  const MPI_Op sum = sums_[static_cast<std::size_t>(layout.dtype)]->get();
  const int next = (session().rank() + 1) % layout.ranks;
  const int previous = (session().rank() + layout.ranks - 1) % layout.ranks;
  switch (layout.collective) {
    case Collective::all_reduce:
      return check_mpi("MPI_Allreduce", MPI_Allreduce(send, receive, count, type, sum, comm));
    case Collective::all_gather:
      return check_mpi("MPI_Allgather", MPI_Allgather(send, count, type, receive, count, type, comm));
    case Collective::reduce_scatter:
      return check_mpi("MPI_Reduce_scatter_block",
                       MPI_Reduce_scatter_block(send, receive, count, type, sum, comm));
    case Collective::all_to_all:
      return check_mpi("MPI_Alltoall", MPI_Alltoall(send, count, type, receive, count, type, comm));
    case Collective::send_recv:
      return check_mpi("MPI_Sendrecv", MPI_Sendrecv(send, count, type, next, 0, receive, count, type,
                                                    previous, 0, comm, MPI_STATUS_IGNORE));
  }
}

}  // namespace traincast
