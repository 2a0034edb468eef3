#include "host/base/temporaries.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>

namespace traincast {
namespace {

enum State : int { kFree, kChanging, kThere };

struct Slot {
  std::atomic<int> state{kFree};
  std::array<char, 4096> path{};  // PATH_MAX of Linux
};
static_assert(std::atomic<int>::is_always_lock_free);

// More files than the program ever writes at once.
std::array<Slot, 16>& slots() {
  static std::array<Slot, 16> held;
  return held;
}
// The same for the handler, which must not be the first to make them.
std::atomic<std::array<Slot, 16>*> visible{nullptr};

}  // namespace

void note_temporary(const std::string& path) {
  visible = &slots();
  for (Slot& slot : slots()) {
    int expected = kFree;
    if (path.size() >= slot.path.size() || !slot.state.compare_exchange_strong(expected, kChanging)) continue;
    std::memcpy(slot.path.data(), path.c_str(), path.size() + 1);
    slot.state = kThere;
    return;
  }
}

void forget_temporary(const std::string& path) {
  for (Slot& slot : slots()) {
    int expected = kThere;
    if (slot.state != kThere || path != slot.path.data()) continue;
    slot.state.compare_exchange_strong(expected, kFree);
    return;
  }
}

void remove_temporaries() {
  std::array<Slot, 16>* held = visible;
  if (held == nullptr) return;
  for (Slot& slot : *held) {
    if (slot.state == kThere) ::unlink(slot.path.data());
  }
}

}  // namespace traincast
