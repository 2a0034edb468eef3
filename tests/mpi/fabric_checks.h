// What must hold on any communicator, whatever the fabric.
#pragma once

#include "mpi/communicator.h"

namespace traincast {

void expect_right_at_all_sizes(Communicator& communicator, Session& session);
void expect_agreed_times(Communicator& communicator, Session& session);
void expect_wrong_elements_found(Communicator& communicator, Session& session);

void expect_right_in_the_background(Communicator& communicator);
void expect_right_in_parts(Communicator& communicator, Session& session);

}  // namespace traincast
