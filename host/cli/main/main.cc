#include <cstdio>
#include <exception>

#include "host/cli/program.h"
#include "host/cli/signals.h"

int main(int argc, char** argv) {
  traincast::Program program{&argc, &argv, traincast::make_session, nullptr};
  traincast::install_signals(!traincast::is_other_rank());
  int code = 1;
  try {
    return run_program(program, {argv + 1, argv + argc});
  } catch (const std::exception& error) {
    if (traincast::said_by_rank_0(program, error)) return 0;
    std::fprintf(stderr, "traincast: %s\n", traincast::message(error).c_str());
    code = traincast::exit_code(error);
  } catch (...) {
    std::fputs("traincast: failed for an unknown reason\n", stderr);
  }
  // The other ranks may be waiting in a collective: end the whole job, or it hangs.
  if (program.session != nullptr && program.session->size() > 1) program.session->abort(code);
  return code;
}
