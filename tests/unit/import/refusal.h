// What a reader says of a file that it refuses; "accepted" where it does not.
#pragma once

#include <string>

#include "host/base/errors.h"

namespace traincast {

template <typename Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace traincast
