#include "mpi/native/session.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numeric>

#include "host/base/errors.h"
#include "mpi/native/check.h"

namespace traincast {

MpiSession::MpiSession(int* argc, char*** argv) : unwinding_(std::uncaught_exceptions()), host_(host_name()) {
  int running = 0;
  check_mpi("MPI_Initialized", MPI_Initialized(&running));
  if (running == 0) {
    int provided = 0;
    check_mpi("MPI_Init_thread", MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided));
    initialised_here_ = true;
  }
  check_mpi("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  // Its own message space: nothing here can match a message of a measured collective.
  check_mpi("MPI_Comm_dup", MPI_Comm_dup(MPI_COMM_WORLD, &comm_));
  place();
}

MpiSession::MpiSession(MPI_Comm part)
    : unwinding_(std::uncaught_exceptions()), part_(true), comm_(part), host_(host_name()) {
  place();
}

void MpiSession::place() {
  check_mpi("MPI_Comm_rank", MPI_Comm_rank(comm_, &rank_));
  check_mpi("MPI_Comm_size", MPI_Comm_size(comm_, &size_));
  placement_ = placement(all_gather(host_identity()), rank_);
}

std::unique_ptr<Session> MpiSession::split(int color, int key) {
  MPI_Comm part = MPI_COMM_NULL;
  check_mpi("MPI_Comm_split", MPI_Comm_split(comm_, color < 0 ? MPI_UNDEFINED : color, key, &part));
  return part == MPI_COMM_NULL ? nullptr : std::unique_ptr<Session>(new MpiSession(part));
}

bool MpiSession::threads_allowed() {
  int level = MPI_THREAD_SINGLE;
  check_mpi("MPI_Query_thread", MPI_Query_thread(&level));
  return level == MPI_THREAD_MULTIPLE;
}

MpiSession::~MpiSession() {
  const bool unwinding = std::uncaught_exceptions() > unwinding_;
  if (part_) {  // the whole's session ends the job where it must
    if (!unwinding) MPI_Comm_free(&comm_);
    return;
  }
  if (unwinding) {
    std::fprintf(stderr, "traincast: rank %d on %s ends the job because of an error\n", rank_, host_.c_str());
    abort(1);
  }
  MPI_Comm_free(&comm_);
  if (initialised_here_) MPI_Finalize();
}

void MpiSession::barrier() {
  check_mpi("MPI_Barrier", MPI_Barrier(comm_));
}

void MpiSession::broadcast(void* data, std::size_t bytes, int root) {
  constexpr std::size_t kPiece = 1U << 30;  // MPI counts in int
  auto* at = static_cast<char*>(data);
  for (std::size_t done = 0; done < bytes; done += kPiece) {
    const auto count = static_cast<int>(std::min(kPiece, bytes - done));
    check_mpi("MPI_Bcast", MPI_Bcast(at + done, count, MPI_BYTE, root, comm_));
  }
}

double MpiSession::max(double value) {
  double result = 0;
  check_mpi("MPI_Allreduce", MPI_Allreduce(&value, &result, 1, MPI_DOUBLE, MPI_MAX, comm_));
  return result;
}

std::vector<double> MpiSession::all_gather(double value) {
  std::vector<double> values(static_cast<std::size_t>(size_));
  check_mpi("MPI_Allgather", MPI_Allgather(&value, 1, MPI_DOUBLE, values.data(), 1, MPI_DOUBLE, comm_));
  return values;
}

std::vector<std::string> MpiSession::all_gather(const std::string& text) {
  const auto length = static_cast<int>(text.size());
  std::vector<int> lengths(static_cast<std::size_t>(size_));
  check_mpi("MPI_Allgather", MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, comm_));
  std::vector<int> starts(lengths.size());
  std::exclusive_scan(lengths.begin(), lengths.end(), starts.begin(), 0);
  std::string all(static_cast<std::size_t>(starts.back() + lengths.back()), '\0');
  check_mpi("MPI_Allgatherv", MPI_Allgatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(),
                                             starts.data(), MPI_CHAR, comm_));
  std::vector<std::string> texts;
  texts.reserve(lengths.size());
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    texts.push_back(all.substr(static_cast<std::size_t>(starts[i]), static_cast<std::size_t>(lengths[i])));
  }
  return texts;
}

void MpiSession::abort(int exit_code) {
  std::fflush(nullptr);
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);  // the standard lets MPI_Abort fail
}

std::string MpiSession::library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING + 1> text{};
  int length = 0;
  if (MPI_Get_library_version(text.data(), &length) != MPI_SUCCESS) return "unknown";
  return tidy_version(text.data());
}

}  // namespace traincast
