// The program less its one try/catch, so that tests can call it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mpi/session.h"

namespace traincast {

// Makes the session of all ranks; called once, for a command that declares Ranks::all.
using SessionMaker = std::unique_ptr<Session> (*)(int* argc, char*** argv);

struct Program {
  int* argc = nullptr;
  char*** argv = nullptr;
  SessionMaker make_session = nullptr;
  std::unique_ptr<Session> session;  // outlives the command, so that main can abort every rank
};

// Whether a launcher says that this process is another rank than 0: known without any MPI.
bool is_other_rank();

// Parses the words after the program's name, runs the command, gives the exit code. Throws what commands
// throw.
int run_program(Program& program, const std::vector<std::string>& words);

// What went wrong as one line, whatever a file or an option put into it: control characters escaped, the
// middle of a very long text left out.
std::string message(const std::exception& error);

// Whether rank 0 of the same job says the same: a command line is refused before the ranks know one another.
// Such a rank ends quietly and with 0, lest the launcher ends the job before rank 0 has spoken.
bool said_by_rank_0(const Program& program, const std::exception& error);

// 2 for a wrong command line or config, 3 for an infeasible plan, 1 for anything else.
int exit_code(const std::exception& error);

}  // namespace traincast
