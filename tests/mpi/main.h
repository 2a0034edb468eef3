// What the programs of this folder share: one session for the whole program.
#pragma once

#include "mpi/session.h"

namespace traincast {

Session& test_session();

}  // namespace traincast
