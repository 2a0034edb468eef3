// The help texts, made from the command table.
#pragma once

#include <string>

#include "host/cli/command.h"

namespace traincast {

std::string program_help();
std::string command_help(const CommandSpec& command);

}  // namespace traincast
