// Runs the same tests on every rank. A failure on any rank fails all; one after which a rank would leave its
// test, and the others in a collective, ends the job at once.
#include "tests/mpi/main.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <exception>
#include <memory>

namespace traincast {
namespace {

constexpr int kSkipped = 77;  // what the CTest entry's SKIP_RETURN_CODE says
std::unique_ptr<Session>& holder() {
  static std::unique_ptr<Session> session;
  return session;
}

class FailTogether : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    Session& session = test_session();
    if (session.rank() != 0) {  // rank 0 has GoogleTest's own printer
      const char* file = result.file_name() != nullptr ? result.file_name() : "unknown";
      std::fprintf(stderr, "rank %d: %s:%d: %s\n", session.rank(), file, result.line_number(),
                   result.message());
    }
    if (result.fatally_failed() && session.size() > 1) session.abort(1);
  }
};

int run() {
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (test_session().rank() != 0) delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new FailTogether);
  const int failed = RUN_ALL_TESTS();
  if (test_session().max(failed) != 0) return 1;
  const auto& results = *testing::UnitTest::GetInstance();
  return results.skipped_test_count() == results.test_to_run_count() ? kSkipped : 0;
}

}  // namespace

Session& test_session() {
  return *holder();
}

}  // namespace traincast

int main(int argc, char** argv) {
  try {
    testing::InitGoogleTest(&argc, argv);
    traincast::holder() = traincast::make_session(&argc, &argv);
    const int code = traincast::run();
    traincast::holder().reset();
    return code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    if (traincast::holder() != nullptr) traincast::holder()->abort(1);
    return 1;
  }
}
