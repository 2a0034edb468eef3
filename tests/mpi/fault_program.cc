// A measurement on a machine of formulas in which the last rank fails: fault_program MODE FILE [resume].
// MODE: throw (an op throws), hang_op, hang_message, kill (SIGKILL), none. Ends as `traincast measure` does:
// one line and a profile on the disk, which `none FILE resume` completes.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/config/load_profile.h"
#include "host/measure/measure.h"
#include "host/measure/resume.h"
#include "host/measure/saver.h"
#include "mpi/job_watch.h"
#include "tests/fakes/fake_machine.h"

namespace traincast {
namespace {

constexpr int kCallsBeforeTheFault = 500;

[[noreturn]] void hang() {
  for (;;) pause();
}

class FaultyBackend final : public FakeBackend {
 public:
  FaultyBackend(FakeClock& clock, std::string mode) : FakeBackend(clock, {}), mode_(std::move(mode)) {}
  Seconds time(Prepared& prepared, int repeats) override {
    if (++calls_ == kCallsBeforeTheFault) {
      if (mode_ == "throw") throw DeviceError("fails on purpose");
      if (mode_ == "hang_op") hang();
      if (mode_ == "kill") raise(SIGKILL);
    }
    return FakeBackend::time(prepared, repeats);
  }

 private:
  std::string mode_;
  int calls_ = 0;
};

class FaultyCommunicator final : public FakeCommunicator {
 public:
  FaultyCommunicator(FakeClock& clock, Session& session, bool hangs)
      : FakeCommunicator(clock, session), hangs_(hangs) {}
  Seconds time(Prepared& prepared, int repeats) override {
    if (hangs_) hang();
    return FakeCommunicator::time(prepared, repeats);
  }

 private:
  bool hangs_;
};

void run(Session& session, const std::string& mode, const std::string& file, bool resume) {
  const bool faulty = session.rank() == session.size() - 1;
  FakeClock clock;
  FaultyBackend backend(clock, faulty ? mode : "none");
  FaultyCommunicator communicator(clock, session, faulty && mode == "hang_message");
  JobWatch watch(session, Seconds(2));
  Saver saver(file, Seconds(0));
  MeasureOptions options;
  options.effort = Effort::quick;
  options.sections = {Section::gemm, Section::collectives};
  options.name = "fault";
  options.now = clock.reader();
  options.watch = &watch;
  options.keep = [&](const Profile& profile, bool pass_ends) {
    if (session.rank() == 0) saver.keep(profile, pass_ends);
  };
  if (resume) {
    options.earlier =
        parse_profile(broadcast_text(session, session.rank() == 0 ? read_file(file) : ""), file);
    if (options.earlier->ops.empty()) throw ConfigError("nothing had been kept");
  }
  try {
    const Profile profile = measure(backend, communicator, session, options, [](std::string_view) {}).profile;
    for (const PassProgress& pass : profile.progress) {
      if (pass.points != pass.of) throw ConfigError("the pass " + pass.pass + " is not complete");
    }
    if (session.rank() == 0) std::printf("complete: %zu ops\n", profile.ops.size());
  } catch (...) {
    if (!watch.claim()) session.abort(1);
    throw;
  }
}

}  // namespace
}  // namespace traincast

int main(int argc, char** argv) {
  using namespace traincast;
  if (argc < 3) return 2;
  const std::string mode = argv[1];
  const std::string file = argv[2];
  const bool resume = argc > 3;
  const auto session = make_session(&argc, &argv);
  try {
    run(*session, mode, file, resume);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "traincast: %s\n", error.what());
    session->abort(1);
  }
}
