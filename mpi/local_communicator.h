// One rank: every collective is a copy from input to output in host memory.
#pragma once

#include "mpi/buffered.h"

namespace traincast {

class LocalCommunicator : public BufferedCommunicator {
 public:
  // Throws CommError for a session of several ranks.
  explicit LocalCommunicator(Session& session);
  explicit LocalCommunicator(std::unique_ptr<Session> own);
  std::string_view name() const override { return "local"; }
  std::vector<std::pair<std::string, std::string>> libraries() const override { return {}; }
  std::string why_unsupported(Collective collective) const override;

 private:
  void accept(const Layout& layout) const override;
  std::unique_ptr<Buffer> allocate(std::size_t bytes) override;
  Seconds run(PreparedCollective& prepared, int repeats) override;
  std::unique_ptr<Communicator> over(std::unique_ptr<Session> part, int color, int key) override;
};

}  // namespace traincast
