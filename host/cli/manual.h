// The manual page, made from the command table.
#pragma once

#include <string>

namespace traincast {

// traincast(1) as troff with the man macros. The same binary gives the same bytes: it has no date.
std::string manual_page();

}  // namespace traincast
