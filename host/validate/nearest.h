// What a row's labels mean where no config has their name: the nearest config there is, by stated rules.
#pragma once

#include <string>
#include <string_view>

#include "host/validate/evaluate.h"

namespace traincast {

// Letters and digits alone, in lower case: "Llama3.1-405B" and "llama-3.1-405b" are one name.
std::string plain_name(std::string_view text);

// By name or alias; else the GPU whose longest alias the label contains ("H100 SXM5 80GB"). Null where none.
const Gpu* find_gpu(const Library& library, const std::string& label);

const Stack* find_stack(const Library& library, const std::string& name);

// For a name that no config has: of those that share most leading words ("megatron-core-2027"), the one with
// the fewest words besides and the nearest era, which is the name's or else the row's year; where none shares
// a word, the stack "other" of the nearest era. Null where there is not even that. `year` 0: not known.
const Stack* nearest_stack(const Library& library, const std::string& name, int year);

// The one whose name the label contains, the longest of several; null where none.
const Transformer* named_model(const std::vector<Transformer>& models, const std::string& label);

}  // namespace traincast
