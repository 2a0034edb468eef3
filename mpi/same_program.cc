#include "mpi/same_program.h"

#include <algorithm>
#include <array>

namespace traincast {

std::string other_program(Session& session, const std::string& mine) {
  // Of a fixed size, so that no build waits for a length that another one never sends.
  std::array<char, 256> first{};
  std::copy_n(mine.begin(), std::min(mine.size(), first.size() - 1), first.begin());
  const std::array<char, 256> own = first;
  session.broadcast(first.data(), first.size(), 0);
  const bool differs = own != first;
  // The common case costs two small messages at any number of ranks.
  if (session.max(differs ? 1 : 0) == 0) return "";
  std::string line = first_failure(session, differs ? "runs traincast " + std::string(own.data()) : "");
  return line + ", but rank 0 runs traincast " + first.data() + "; start the same program on every host";
}

}  // namespace traincast
