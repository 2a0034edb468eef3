// traincast validate configs: is every one of these files accepted?
#pragma once

#include "host/cli/arguments.h"

namespace traincast {

// Loads each file named (all of --configs where none is) as strictly as the commands that use it, with what
// it refers to. One line on the standard error a file that is refused; a table of counts to the output; 2
// where any was refused. Memory does not grow with the number of sound files.
int validate_configs(const Arguments& arguments);

}  // namespace traincast
