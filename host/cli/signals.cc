#include "host/cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <string_view>

#include "host/base/temporaries.h"
#include "mpi/last_words.h"

namespace traincast {
namespace {

std::atomic<bool> speaking{false};
std::atomic<bool> ending{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void told_to_end(int signal_number) {
  remove_temporaries();
  if (speaking && !ending.exchange(true)) {
    // The line of a progress bar may be under way.
    const std::string_view line =
        signal_number == SIGINT ? "traincast: interrupted (SIGINT)\n" : "traincast: told to end (SIGTERM)\n";
    constexpr std::string_view kNewLine = "\r\033[K";
    if (isatty(STDERR_FILENO) != 0 && write(STDERR_FILENO, kNewLine.data(), kNewLine.size()) < 0) _exit(1);
    if (write(STDERR_FILENO, line.data(), line.size()) < 0) _exit(1);
  }
  if (!speaking) let_others_speak();
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

}  // namespace

void install_signals(bool speaks) {
  speaking = speaks;
  struct sigaction action {};
  action.sa_handler = told_to_end;
  for (const int number : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    // nohup and background jobs of a shell without job control ignore them on purpose.
    if (sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    sigaction(number, &action, nullptr);
  }
  signal(SIGXFSZ, SIG_IGN);
}

}  // namespace traincast
