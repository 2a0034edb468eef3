#include "mpi/nccl/communicator.h"

#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "host/base/errors.h"
#include "mpi/element.h"
#include "mpi/hosts.h"
#include "mpi/nccl/check.h"
#include "mpi/nccl/tuning_log.h"

namespace traincast {
namespace {

constexpr bool kHasFp8 = NCCL_VERSION_CODE >= NCCL_VERSION(2, 24, 0);

// What is only copied travels as bytes in the formats that not every NCCL knows.
ncclDataType_t nccl_type(const Layout& layout) {
  switch (layout.dtype) {
    case DataType::fp32:
      return ncclFloat32;
    case DataType::bf16:
      return ncclBfloat16;
    case DataType::fp16:
      return ncclFloat16;
    case DataType::fp8_e4m3:
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 24, 0)
      if (reduces(layout.collective)) return ncclFloat8e4m3;
#endif
    case DataType::fp4:
      break;
  }
  return ncclInt8;
}

std::string version_text(int code) {
  const int major = code >= 10000 ? code / 10000 : code / 1000;  // NCCL's rule changed with 2.9
  return std::to_string(major) + "." + std::to_string(code % (code >= 10000 ? 10000 : 1000) / 100) + "." +
         std::to_string(code % 100);
}

struct PreparedNccl : PreparedCollective {
  Interval interval;
};
Interval& interval_of(PreparedCollective& prepared) {
  return dynamic_cast<PreparedNccl&>(prepared).interval;
}

}  // namespace

NcclCommunicator::NcclCommunicator(std::unique_ptr<Session> part, ncclComm_t comm,
                                   const NcclCommunicator& whole)
    : BufferedCommunicator(std::move(part)),
      device_(whole.device_),
      timeout_(whole.timeout_),
      unwinding_(std::uncaught_exceptions()),
      capability_(whole.capability_),
      comm_(comm) {
  stream_.emplace();
}

NcclCommunicator::NcclCommunicator(Session& session, int device, Seconds timeout)
    : BufferedCommunicator(session),
      device_(device),
      timeout_(timeout),
      unwinding_(std::uncaught_exceptions()) {
  open_device();
  connect();
}

void NcclCommunicator::open_device() {
  std::string failure;
  GpuIdentity gpu;
  try {
    gpu = open_gpu(device_);
    stream_.emplace();
  } catch (const CommError& error) {
    failure = error.what();
  }
  failure = first_failure(session(), failure);
  if (!failure.empty()) throw CommError(failure);
  capability_ = gpu.capability;
  const auto hosts = session().all_gather(session().host());
  const std::string shared = shared_device(hosts, session().all_gather(gpu.text));
  if (!shared.empty()) throw CommError(shared);
}

void NcclCommunicator::connect() {
  ncclUniqueId id{};
  std::string failure;
  try {
    if (session().rank() == 0) TRAINCAST_COMM_NCCL(ncclGetUniqueId(&id));
  } catch (const CommError& error) {
    failure = error.what();
  }
  failure = first_failure(session(), failure);
  if (!failure.empty()) throw CommError(failure);
  session().broadcast(&id, sizeof id, 0);
  // Some MPIs finish a broadcast on one rank only when all ranks are in a later call, which NCCL's blocking
  // initialisation would keep them from.
  session().barrier();
  TRAINCAST_COMM_NCCL(ncclCommInitRank(&comm_, session().size(), id, session().rank()));
}

NcclCommunicator::~NcclCommunicator() {
  if (comm_ == nullptr) return;
  // Destroying waits for the other ranks, which may not come when an exception ends this one.
  if (std::uncaught_exceptions() > unwinding_) {
    give_up();
  } else {
    ncclCommDestroy(comm_);
  }
}

void NcclCommunicator::give_up() {
  if (comm_ != nullptr) ncclCommAbort(comm_);
  comm_ = nullptr;
}

std::vector<std::pair<std::string, std::string>> NcclCommunicator::libraries() const {
  int version = 0;
  TRAINCAST_COMM_NCCL(ncclGetVersion(&version));
  return {{"NCCL", version_text(version)}, {"MPI", mpi_library_version()}};
}

std::string NcclCommunicator::why_unsupported(Collective collective) const {
  return collective == Collective::send_recv && session().size() == 1 ? "needs two ranks" : "";
}

void NcclCommunicator::accept(const Layout& layout) const {
  if (comm_ == nullptr) throw CommError("NCCL was aborted after an earlier failure");
  if (layout.dtype != DataType::fp8_e4m3 || !reduces(layout.collective)) return;
  if (!kHasFp8) throw CommError(to_string(layout) + ": FP8 reductions need NCCL 2.24");
  if (capability_ < 90) throw CommError(to_string(layout) + ": FP8 reductions need compute capability 9.0");
}

std::unique_ptr<PreparedCollective> NcclCommunicator::make_prepared() {
  return std::make_unique<PreparedNccl>();
}

// NCCL takes a reduce_scatter for one in place where the output is this rank's block of the input.
std::size_t NcclCommunicator::reduced_in_place_at(const Layout& layout) const {
  return static_cast<std::size_t>(session().rank()) * static_cast<std::size_t>(layout.block) *
         unit_bytes(layout.dtype);
}

std::unique_ptr<Communicator> NcclCommunicator::over(std::unique_ptr<Session> part, int color, int key) {
  if (comm_ == nullptr) throw CommError("NCCL was aborted after an earlier failure");
  ncclComm_t comm = nullptr;
  TRAINCAST_COMM_NCCL(ncclCommSplit(comm_, color < 0 ? NCCL_SPLIT_NOCOLOR : color, key, &comm, nullptr));
  return part == nullptr ? nullptr : std::make_unique<NcclCommunicator>(std::move(part), comm, *this);
}

std::unique_ptr<Buffer> NcclCommunicator::allocate(std::size_t bytes) {
  return std::make_unique<GpuBuffer>(bytes);
}

void NcclCommunicator::guarded(const PreparedCollective& prepared, const std::function<void()>& work) {
  if (comm_ == nullptr) throw CommError("NCCL was aborted after an earlier failure");
  try {
    work();
  } catch (const CommError& error) {
    give_up();
    throw CommError("NCCL " + to_string(prepared.layout) + " on rank " + std::to_string(session().rank()) +
                    " (" + session().host() + "): " + error.what());
  }
}

void NcclCommunicator::begin(PreparedCollective& prepared, int repeats) {
  guarded(prepared, [&] {
    interval_of(prepared).start(*stream_);
    for (int i = 0; i < repeats; ++i) enqueue(prepared);
    interval_of(prepared).stop(*stream_);
  });
}

Seconds NcclCommunicator::end(PreparedCollective& prepared) {
  guarded(prepared, [&] { wait_for(prepared); });
  return interval_of(prepared).elapsed();
}

Seconds NcclCommunicator::run(PreparedCollective& prepared, int repeats) {
  begin(prepared, repeats);
  return end(prepared);
}

LibraryChoice NcclCommunicator::choice(Prepared& prepared) {
  auto& what = dynamic_cast<PreparedCollective&>(prepared);
  LibraryChoice choice;
  {
    const TuningLog log;
    what.fresh = what.fresh && !what.in_place;
    run(what, 1);
    choice = log.read();
  }
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 22, 0)
  // NCCL has no model of sends and receives, and leaves those of a simulated group in the communicator's
  // queues (2.22 to 2.30: the group after it would never end).
  if (what.layout.collective == Collective::all_to_all || what.layout.collective == Collective::send_recv) {
    return choice;
  }
  guarded(what, [&] {
    ncclSimInfo_t info = NCCL_SIM_INFO_INITIALIZER;
    TRAINCAST_COMM_NCCL(ncclGroupStart());
    enqueue(what);
    TRAINCAST_COMM_NCCL(ncclGroupSimulateEnd(&info));
    // In microseconds, as all of NCCL's tuning model; not positive where it has no model.
    if (info.estimatedTime > 0) choice.estimate = Seconds(static_cast<double>(info.estimatedTime) * 1e-6);
  });
#endif
  return choice;
}

void NcclCommunicator::enqueue(PreparedCollective& prepared) {
  const Layout& layout = prepared.layout;
  const void* send = prepared.input_data();
  void* receive = prepared.output_data();
  const auto count = static_cast<std::size_t>(layout.block);
  const ncclDataType_t type = nccl_type(layout);
  cudaStream_t stream = stream_->get();
  const int rank = session().rank();
  switch (layout.collective) {
    case Collective::all_reduce:
      TRAINCAST_COMM_NCCL(ncclAllReduce(send, receive, count, type, ncclSum, comm_, stream));
      break;
    case Collective::all_gather:
      TRAINCAST_COMM_NCCL(ncclAllGather(send, receive, count, type, comm_, stream));
      break;
    case Collective::reduce_scatter:
      TRAINCAST_COMM_NCCL(ncclReduceScatter(send, receive, count, type, ncclSum, comm_, stream));
      break;
    case Collective::all_to_all: {
      const std::size_t step = count * unit_bytes(layout.dtype);
      const auto* from = static_cast<const std::byte*>(send);
      auto* into = static_cast<std::byte*>(receive);
      TRAINCAST_COMM_NCCL(ncclGroupStart());
      for (int peer = 0; peer < layout.ranks; ++peer) {
        const std::size_t offset = static_cast<std::size_t>(peer) * step;
        TRAINCAST_COMM_NCCL(ncclSend(from + offset, count, type, peer, comm_, stream));
        TRAINCAST_COMM_NCCL(ncclRecv(into + offset, count, type, peer, comm_, stream));
      }
      TRAINCAST_COMM_NCCL(ncclGroupEnd());
      break;
    }
    case Collective::send_recv:
      TRAINCAST_COMM_NCCL(ncclGroupStart());
      TRAINCAST_COMM_NCCL(ncclSend(send, count, type, (rank + 1) % layout.ranks, comm_, stream));
      TRAINCAST_COMM_NCCL(
          ncclRecv(receive, count, type, (rank + layout.ranks - 1) % layout.ranks, comm_, stream));
      TRAINCAST_COMM_NCCL(ncclGroupEnd());
      break;
  }
}

// A synchronising call would wait for ever for a rank that died or a link that went down.
void NcclCommunicator::wait_for(const PreparedCollective& prepared) {
  using Clock = std::chrono::steady_clock;
  const Interval& interval = dynamic_cast<const PreparedNccl&>(prepared).interval;
  const auto deadline = Clock::now() + std::chrono::duration<double>(timeout_.value());
  for (bool finished = false; !finished;) {
    finished = interval.finished();
    ncclResult_t state = ncclSuccess;
    TRAINCAST_COMM_NCCL(ncclCommGetAsyncError(comm_, &state));
    if (state != ncclInProgress) check_nccl("an earlier call", __FILE__, __LINE__, state);
    if (!finished && Clock::now() > deadline) {
      throw CommError("did not finish in " + to_string(timeout_) + ": another rank may have failed");
    }
  }
}

}  // namespace traincast
