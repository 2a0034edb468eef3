#include "mpi/single_session.h"

#include <cstdio>
#include <cstdlib>

#include "mpi/hosts.h"

namespace traincast {

std::string SingleSession::host() const {
  return host_name();
}

std::unique_ptr<Session> SingleSession::split(int color, int) {
  return color < 0 ? nullptr : std::make_unique<SingleSession>();
}

void SingleSession::abort(int exit_code) {
  std::fflush(nullptr);
  std::exit(exit_code);
}

std::string first_failure(Session& session, const std::string& mine) {
  // One number first: the common case of no failure then costs a single small message at any scale.
  if (session.max(mine.empty() ? 0 : 1) == 0) return "";
  const auto texts = session.all_gather(mine);
  const auto hosts = session.all_gather(session.host());
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    if (!texts[rank].empty())
      return "rank " + std::to_string(rank) + " on " + hosts[rank] + ": " + texts[rank];
  }
  return "";
}

}  // namespace traincast
