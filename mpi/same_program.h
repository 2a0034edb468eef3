// Ranks of two builds must not measure or search together: they would wait for different messages.
#pragma once

#include <string>

#include "mpi/session.h"

namespace traincast {

// Collective, and meant to be the first call of a session: its messages are the same in every build. `mine`
// says what this rank runs ("0.1.0 of commit 0123abc"). "" where all ranks run what rank 0 runs, else one
// line, the same on all ranks, that names the first rank that does not, its host and both programs.
std::string other_program(Session& session, const std::string& mine);

}  // namespace traincast
