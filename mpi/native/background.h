// A thread that runs collectives one after the other while the caller computes.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "host/base/units.h"

namespace traincast {

class Background {
 public:
  Background();
  // Finishes what was pushed.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // The answer of the work, or its exception. Work runs in the order pushed.
  std::future<Seconds> push(std::function<Seconds()> work);

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::packaged_task<Seconds()>> work_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace traincast
