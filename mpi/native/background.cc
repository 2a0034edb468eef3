#include "mpi/native/background.h"

#include <utility>

namespace traincast {

Background::Background() : thread_([this] { loop(); }) {}

Background::~Background() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::future<Seconds> Background::push(std::function<Seconds()> work) {
  std::packaged_task<Seconds()> task(std::move(work));
  std::future<Seconds> answer = task.get_future();
  {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(task));
  }
  changed_.notify_one();
  return answer;
}

void Background::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ends_ || !work_.empty(); });
    if (work_.empty()) return;
    std::packaged_task<Seconds()> task = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace traincast
