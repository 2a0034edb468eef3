// A page that the ranks of one host share: which process each is, and whether somebody has reported a
// failure.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include "mpi/session.h"

namespace traincast {

// Of atomics only, so that a signal handler may read and write it.
struct BoardRank {
  std::atomic<int> process;  // 0 until it has come
  std::atomic<int> rank;     // in the job
  std::atomic<int> ending;   // not 0: it ends because it was told to
};
struct BoardPage {
  std::atomic<int> reported;  // not 0: a line about the failure has been printed
  BoardRank ranks[1];         // local_size of them
};
static_assert(std::atomic<int>::is_always_lock_free);

class Board {
 public:
  // Collective. Where the ranks of a host cannot share memory each has a page of its own, on which only its
  // own entry is filled.
  explicit Board(Session& session);
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;
  BoardPage& page() { return *page_; }
  int size() const { return size_; }

 private:
  bool map(const std::string& name, bool create);

  int size_;
  std::size_t bytes_;
  void* shared_ = nullptr;
  BoardPage* page_ = nullptr;
};

}  // namespace traincast
