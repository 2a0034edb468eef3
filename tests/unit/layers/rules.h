// Which folder may include what.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace traincast {

// The complaints about one source file, none where it keeps the rules. `path` is relative to the repository.
std::vector<std::string> broken_rules(const std::string& path, std::string_view text);

}  // namespace traincast
