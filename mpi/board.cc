#include "mpi/board.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace traincast {
namespace {

std::string shared_name(int leader_process) {
  return "/traincast-" + std::to_string(leader_process);
}

}  // namespace

bool Board::map(const std::string& name, bool create) {
  if (create) shm_unlink(name.c_str());  // left by a process of the same number that was killed
  const int file = shm_open(name.c_str(), create ? O_RDWR | O_CREAT | O_EXCL : O_RDWR, 0600);
  if (file < 0) return false;
  bool mapped = !create || ftruncate(file, static_cast<off_t>(bytes_)) == 0;
  if (mapped) {
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    mapped = memory != MAP_FAILED;
    if (mapped) shared_ = memory;
  }
  close(file);
  return mapped;
}

Board::Board(Session& session)
    : size_(session.local_size()),
      bytes_(sizeof(BoardPage) + sizeof(BoardRank) * static_cast<std::size_t>(size_)) {
  const bool leads = session.local_rank() == 0;
  const std::vector<double> processes = session.all_gather(static_cast<double>(getpid()));
  const std::vector<double> nodes = session.all_gather(static_cast<double>(session.node()));
  int leader = 0;
  for (std::size_t rank = 0; rank < nodes.size() && leader == 0; ++rank) {
    if (static_cast<int>(nodes[rank]) == session.node()) leader = static_cast<int>(processes[rank]);
  }
  const std::string name = shared_name(leader);
  bool mapped = leads && map(name, true);
  session.barrier();
  if (!leads) mapped = map(name, false);
  const bool all = session.max(mapped ? 0 : 1) == 0;
  if (leads) shm_unlink(name.c_str());
  if (!all && shared_ != nullptr) {
    munmap(shared_, bytes_);
    shared_ = nullptr;
  }
  // Fresh memory of either kind is zero, which is what every entry begins with.
  void* memory = shared_ != nullptr ? shared_ : std::calloc(1, bytes_);
  if (memory == nullptr) throw std::bad_alloc();
  page_ = static_cast<BoardPage*>(memory);
  BoardRank& own = page_->ranks[session.local_rank()];
  own.rank = session.rank();
  own.process = getpid();
  session.barrier();
}

Board::~Board() {
  if (shared_ != nullptr) {
    munmap(shared_, bytes_);
  } else {
    std::free(page_);
  }
}

}  // namespace traincast
