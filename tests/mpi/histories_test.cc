// The same histories on these ranks together as on one alone.
#include "host/risk/histories.h"

#include <cstdio>
#include <cstring>

#include "mpi/session.h"

int main(int argc, char** argv) {
  using namespace traincast;
  const std::unique_ptr<Session> session = make_session(&argc, &argv);
  HistoryInputs in;
  in.work = {Tokens(20 * kSecondsPerDay)};
  in.phases = {{.gpus = 1e5, .speed = {TokenRate(1)}, .checkpoint_interval = Seconds(135)}};
  in.causes = {{.rate_per_gpu = Frequency(1 / 1.8e8), .restart = Seconds(180)}};
  in.checkpoint_stall = Seconds(5);
  const HistoryModel model(in);
  const auto gather = [&](const std::string& mine) { return session->all_gather(mine); };
  const auto together = simulate_histories(
      model, 101, 3, {.threads = 2, .rank = session->rank(), .size = session->size(), .gather = gather});
  const auto alone = simulate_histories(model, 101, 3, {.threads = 1});
  bool same = together.size() == alone.size();
  for (std::size_t i = 0; same && i < alone.size(); ++i) {
    same = together[i].wall == alone[i].wall && together[i].interruptions == alone[i].interruptions;
  }
  if (!same) std::fprintf(stderr, "rank %d of %d: other histories\n", session->rank(), session->size());
  return session->max(same ? 0 : 1) == 0 ? 0 : 1;
}
