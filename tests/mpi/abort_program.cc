// A job of which one rank fails while the others wait for it. "abort": as the tool's main() does, the error
// becomes one line and session.abort(3). "unwind": the session is destroyed by the exception.
#include <cstdio>
#include <memory>
#include <string>

#include "host/base/errors.h"
#include "mpi/session.h"

namespace {

void work(traincast::Session& session) {
  session.barrier();
  if (session.rank() == session.size() - 1) throw traincast::CommError("this rank fails on purpose");
  session.barrier();
}

}  // namespace

int main(int argc, char** argv) {
  using traincast::CommError;
  const std::string mode = argc > 1 ? argv[1] : "abort";
  try {
    if (mode == "unwind") {
      work(*traincast::make_session(&argc, &argv));
      return 0;
    }
    const auto session = traincast::make_session(&argc, &argv);
    try {
      work(*session);
    } catch (const CommError& error) {
      std::fprintf(stderr, "%s\n", error.what());
      session->abort(3);
    }
  } catch (const CommError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
