// What shells complete, made from the command table.
#pragma once

#include <string>

namespace traincast {

// A script to source or to install: commands, their options with choices, files, and the names of configs,
// for which it asks `traincast list`.
std::string bash_completion();
std::string zsh_completion();

}  // namespace traincast
