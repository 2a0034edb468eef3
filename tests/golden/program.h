// Runs the built program as a user does.
#pragma once

#include <string>

namespace traincast {

struct Outcome {
  int code = -1;
  std::string out;  // standard output
  std::string err;  // standard error
};

// `words` as a shell takes them, after the program's name; TRAINCAST_* variables of the caller are unset
// first, and `environment` ("NAME=value ...") is set.
Outcome run_traincast(const std::string& words, const std::string& environment = "");

}  // namespace traincast
