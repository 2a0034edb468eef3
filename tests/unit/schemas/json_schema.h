// The part of JSON Schema (draft 2020-12) that our published schemas use. Any other keyword is refused, so
// that no rule is silently left unchecked.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace traincast {

// What is wrong with `value`, one line a complaint ("/rows/3/verdict: ..."); none where it is valid. Throws
// std::logic_error for a keyword that is not known here.
std::vector<std::string> schema_errors(const nlohmann::json& schema, const nlohmann::json& value);

}  // namespace traincast
