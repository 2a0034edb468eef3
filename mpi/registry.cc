// Which session and which communicator: the only file that knows what this binary was built with.
#include <cstdlib>
#include <string>

#include "host/base/errors.h"
#include "mpi/communicator.h"
#include "mpi/launcher.h"
#include "mpi/local_communicator.h"
#include "mpi/single_session.h"
#ifdef TRAINCAST_HAVE_MPI
#include "mpi/native/communicator.h"
#include "mpi/native/session.h"
#endif
#ifdef TRAINCAST_HAVE_NCCL
#include "mpi/nccl/communicator.h"
#endif

namespace traincast {
namespace {

std::string processes(const Launcher& launcher) {
  const std::string count = launcher.size > 0 ? std::to_string(launcher.size) : std::string("several");
  return "a launcher (" + launcher.variable + ") started " + count + " processes, but ";
}

#ifdef TRAINCAST_HAVE_MPI
constexpr bool kHaveMpi = true;
std::unique_ptr<Session> several(int* argc, char*** argv) {
  return std::make_unique<MpiSession>(argc, argv);
}
std::unique_ptr<Communicator> over_hosts(Session& session) {
  return std::make_unique<MpiCommunicator>(session);
}
#else
constexpr bool kHaveMpi = false;
std::unique_ptr<Session> several(int*, char***) {
  return std::make_unique<SingleSession>();
}
std::unique_ptr<Communicator> over_hosts(Session& session) {
  return std::make_unique<LocalCommunicator>(session);
}
#endif

// nullptr where this binary has no NCCL.
std::unique_ptr<Communicator> over_gpus([[maybe_unused]] Session& session, [[maybe_unused]] int device,
                                        [[maybe_unused]] Seconds timeout) {
#ifdef TRAINCAST_HAVE_NCCL
  return std::make_unique<NcclCommunicator>(session, device, timeout);
#else
  return nullptr;
#endif
}

}  // namespace

std::unique_ptr<Session> make_session(int* argc, char*** argv) {
  const auto launcher = find_launcher([](const char* variable) { return std::getenv(variable); });
  if (!launcher) return std::make_unique<SingleSession>();
  if (!kHaveMpi && launcher->several()) {
    throw CommError(processes(*launcher) +
                    "this binary was built without MPI; build with -DTRAINCAST_MPI=ON");
  }
  auto session = several(argc, argv);
  if (launcher->several() && session->size() == 1) {
    // Each process would take itself for the whole job and time nothing but itself.
    session.reset();
    throw CommError(processes(*launcher) + mpi_library_version() +
                    " sees one; start with that MPI's own mpirun, or with srun --mpi=pmix or --mpi=pmi2");
  }
  return session;
}

std::string mpi_library_version() {
#ifdef TRAINCAST_HAVE_MPI
  return MpiSession::library_version();
#else
  return "none";
#endif
}

std::unique_ptr<Communicator> make_communicator(Session& session, std::string_view backend, int device,
                                                Seconds timeout) {
  if (backend == "cuda") {
    if (auto gpus = over_gpus(session, device, timeout)) return gpus;
  }
  if (session.size() > 1) return over_hosts(session);
  return std::make_unique<LocalCommunicator>(session);
}

}  // namespace traincast
