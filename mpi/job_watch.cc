#include "mpi/job_watch.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

#include "host/base/temporaries.h"
#include "mpi/board.h"
#include "mpi/last_words.h"

namespace traincast {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

// What a signal handler may look at: no allocation, no lock. Two texts, of which one is whole at any time.
struct State {
  std::unique_ptr<Board> board;
  int rank = 0, local_rank = 0;
  std::array<char, 128> self{};  // "rank 3 on node7"
  std::array<std::array<char, 256>, 2> what{};
  std::atomic<int> shown{0};
  struct sigaction before {};      // of SIGTERM
  struct sigaction before_int {};  // of SIGINT
};
std::unique_ptr<State>& state() {
  static std::unique_ptr<State> held;
  return held;
}
// The same for the handler.
std::atomic<State*> visible{nullptr};

// A line of a few pieces, put together without the heap.
class Pieces {
 public:
  void add(const char* text) {
    while (*text != '\0' && size_ + 1 < buffer_.size()) buffer_[size_++] = *text++;
  }
  void add(int number) {
    std::array<char, 12> digits{};
    std::size_t at = digits.size() - 1;
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0 && at > 0);
    add(&digits[at]);
  }
  void print() {
    buffer_[size_++] = '\n';
    // Nothing can be done about a standard error that takes no text.
    if (write(STDERR_FILENO, buffer_.data(), size_) < 0) return;
  }

 private:
  std::array<char, 640> buffer_{};
  std::size_t size_ = 0;
};

// A rank of this host whose process is gone without having been told to end; -1 where there is none.
int gone(State& own) {
  for (int i = 0; i < own.board->size(); ++i) {
    const BoardRank& other = own.board->page().ranks[i];
    if (i == own.local_rank || other.process == 0 || other.ending != 0) continue;
    if (kill(other.process, 0) != 0 && errno == ESRCH) return other.rank;
  }
  return -1;
}

void told_to_end(int signal_number) {
  const int error = errno;
  State* own = visible.load();
  bool speaks = true;
  if (own != nullptr) {
    own->board->page().ranks[own->local_rank].ending = 1;
    const int dead = gone(*own);
    // Of hosts where all ranks live only the first speaks.
    speaks = (dead >= 0 || own->rank == 0) && own->board->page().reported.exchange(1) == 0;
    if (speaks) {
      Pieces line;
      line.add("traincast: ");
      if (dead >= 0) {
        line.add("rank ");
        line.add(dead);
        line.add(" died; ");
      }
      line.add(own->self.data());
      line.add(dead >= 0 ? " ends with it while measuring " : " was told to end while measuring ");
      line.add(own->what[static_cast<std::size_t>(own->shown.load())].data());
      line.print();
    }
  }
  remove_temporaries();
  if (!speaks) let_others_speak();
  errno = error;
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

}  // namespace

JobWatch::JobWatch(Session& session, Seconds timeout)
    : session_(session), timeout_(timeout), unwinding_(std::uncaught_exceptions()), since_(now_ns()) {
  if (state() != nullptr) throw std::logic_error("a process is watched once at a time");
  auto own = std::make_unique<State>();
  own->board = std::make_unique<Board>(session);
  own->rank = session.rank();
  own->local_rank = session.local_rank();
  std::snprintf(own->self.data(), own->self.size(), "rank %d on %s", session.rank(), session.host().c_str());
  state() = std::move(own);
  at("nothing yet");
  visible = state().get();
  struct sigaction action {};
  action.sa_handler = told_to_end;
  sigaction(SIGTERM, &action, &state()->before);
  sigaction(SIGINT, &action, &state()->before_int);
  thread_ = std::thread([this] { watch(); });
}

JobWatch::~JobWatch() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ends_.notify_one();
  thread_.join();
  if (std::uncaught_exceptions() > unwinding_) claim();
  state()->board->page().ranks[state()->local_rank].ending = 1;  // its process may end before others'
  sigaction(SIGTERM, &state()->before, nullptr);
  sigaction(SIGINT, &state()->before_int, nullptr);
  visible = nullptr;
  state().reset();
}

void JobWatch::at(std::string_view what) {
  const int next = 1 - state()->shown.load();
  auto& text = state()->what[static_cast<std::size_t>(next)];
  const std::size_t size = std::min(what.size(), text.size() - 1);
  std::memcpy(text.data(), what.data(), size);
  text[size] = '\0';
  state()->shown = next;
  step(false);
}

void JobWatch::step(bool own) {
  own_ = own;
  since_ = now_ns();
}

bool JobWatch::claim() {
  return state()->board->page().reported.exchange(1) == 0;
}

void JobWatch::watch() {
  // Ranks that wait are later than the one that hangs, and rank 0 is the first of those that wait.
  const double patience = session_.rank() == 0 ? 1.5 : 2;
  const auto pause = std::chrono::duration<double>(std::clamp(timeout_.value() / 20, 0.01, 0.5));
  std::unique_lock lock(mutex_);
  while (!ends_.wait_for(lock, pause, [this] { return ended_; })) {
    const bool own = own_;
    const Seconds waited(static_cast<double>(now_ns() - since_) * 1e-9);
    if (waited < timeout_ * (own ? 1 : patience)) continue;
    std::string line(state()->self.data());
    const char* what = state()->what[static_cast<std::size_t>(state()->shown.load())].data();
    if (own) {
      line.append(": ").append(what).append(" has not ended after ").append(to_string(waited));
    } else {
      line.append(": waited ").append(to_string(waited)).append(" for another rank in ").append(what);
      line.append("; one of them hangs or died");
    }
    end_job(line);
    return;
  }
}

void JobWatch::end_job(const std::string& line) {
  if (claim()) std::fprintf(stderr, "traincast: %s\n", line.c_str());
  std::fflush(nullptr);
  // Leaving in order would wait for the call that hangs.
  if (session_.size() == 1) std::_Exit(1);
  session_.abort(1);
}

}  // namespace traincast
