// Measuring with one simulated rank on a machine whose formulas are known.
#pragma once

#include <string>
#include <string_view>

#include "host/measure/measure.h"
#include "tests/fakes/fake_cluster.h"
#include "tests/fakes/fake_machine.h"

namespace traincast {

inline MeasureOptions quick_options(const FakeClock& clock) {
  MeasureOptions options;
  options.effort = Effort::quick;
  options.gpu = "h100-sxm";
  options.tool_version = "1.2.3";
  options.name = "test";
  options.when = [] { return std::string("2025-01-02T03:04:05Z"); };
  options.now = clock.reader();
  return options;
}

inline const Progress kSilent = [](std::string_view) {};

// One rank on a machine that a test may change beforehand.
struct OneRank {
  FakeClock clock;
  FakeBackend backend{clock, {}};
  FakeCommunicator communicator{clock, 1};
  MeasureOptions options = quick_options(clock);
  Measurement run(const Progress& progress = kSilent) {
    Measurement result;
    FakeCluster(1).run(
        [&](Session& session) { result = measure(backend, communicator, session, options, progress); });
    return result;
  }
};

}  // namespace traincast
