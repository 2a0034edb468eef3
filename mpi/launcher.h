// Whether a parallel launcher started this process, from the environment alone.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace traincast {

struct Launcher {
  std::string variable;  // the one that gave it away
  int rank = 0;
  int size = 0;  // 0: the launcher does not say
  // Whether it certainly started more processes than this one.
  bool several() const { return size > 1 || rank > 0; }
};

// nullptr for a variable that is not set, as std::getenv.
using Environment = std::function<const char*(const char*)>;

std::optional<Launcher> find_launcher(const Environment& environment);

}  // namespace traincast
