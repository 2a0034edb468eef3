// Ends a job of which a rank died or hangs, within a bounded time and with one line that says what was going
// on.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "host/base/units.h"
#include "mpi/session.h"

namespace traincast {

// What is told what a rank does. This one ignores it.
class Watch {
 public:
  virtual ~Watch() = default;
  // From now on `what`, an operation with its size, is measured.
  virtual void at(std::string_view what) { static_cast<void>(what); }
  // Begins a call: of this rank's own (`own`), or one that waits for other ranks. Each call restarts the
  // clock.
  virtual void step(bool own) { static_cast<void>(own); }
};

// Watches this rank with a thread. A call of its own that takes longer than `timeout`, or one that waits for
// other ranks longer than half as much again (so that the rank that hangs speaks first; others than rank 0
// wait longer still), ends the whole job. So do SIGTERM, which launchers send to the ranks that are left when
// one died, and SIGINT. Whoever ends the job first on a host prints one line: rank, host, operation and size,
// and, where it is of this host, which rank died; the others end last.
class JobWatch final : public Watch {
 public:
  // Collective. One a process at a time; the session must outlive it.
  JobWatch(Session& session, Seconds timeout);
  // By an exception: counts as reported, because whoever catches it prints its line.
  ~JobWatch() override;
  JobWatch(const JobWatch&) = delete;
  JobWatch& operator=(const JobWatch&) = delete;

  void at(std::string_view what) override;
  void step(bool own) override;
  // Whether nobody on this host reported a failure before: the caller prints its line then.
  bool claim();

 private:
  void watch();
  void end_job(const std::string& line);

  Session& session_;
  Seconds timeout_;
  int unwinding_;                    // exceptions in flight when this was made
  std::atomic<std::int64_t> since_;  // of the call under way: steady clock, ns
  std::atomic<bool> own_{false};     // whether it waits for nobody
  std::mutex mutex_;
  std::condition_variable ends_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace traincast
