// What the real binary wrote: profile_check FILE RANKS. Times are not judged.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <set>
#include <string>

#include "host/config/load_profile.h"

namespace {

int failures = 0;

void expect(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "profile_check: %s\n", what.c_str());
  ++failures;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace traincast;
  if (argc != 3) return 2;
  const int ranks = std::atoi(argv[2]);
  try {
    const Profile profile = load_profile(argv[1]);
    expect(profile.ranks == ranks, "ranks");
    expect(profile.hosts.size() == static_cast<std::size_t>(ranks), "hosts");
    expect(profile.device.backend == "cpu" && profile.gpu == "cpu", "backend and gpu are cpu");
    expect(!profile.device.name.empty() && !profile.tool_version.empty(), "device and tool are named");
    expect(profile.when.size() == 20 && profile.when.back() == 'Z', "when is UTC");
    expect(profile.libraries.size() >= 2 || ranks == 1, "libraries are named");
    std::map<std::string, int> classes;
    for (const OpRow& row : profile.ops) {
      if (!row.timing.skipped.empty()) continue;
      ++classes[std::string(op_class(row.op))];
      expect(!row.timing.samples_s.empty(), "raw samples of " + to_string(row.op));
      expect(ranks == 1 || row.timing.rank_medians_s.size() == static_cast<std::size_t>(ranks),
             "a median of each rank of " + to_string(row.op));
    }
    for (const char* name : {"gemm", "grouped_gemm", "attention", "memory"}) {
      expect(classes[name] > 0, std::string("no row of ") + name);
    }
    std::set<Collective> timed;
    for (const CollectiveRow& row : profile.collectives) {
      if (row.timing.skipped.find("left out") != std::string::npos) continue;  // a very slow machine
      const std::string which(name(row.collective));
      if (ranks == 1 && row.collective == Collective::send_recv) {
        expect(row.timing.skipped.find("two ranks") != std::string::npos,
               "send_recv says why it has no time");
        continue;
      }
      expect(row.timing.skipped.empty(), which + ": " + row.timing.skipped);
      expect(row.verified, which + " of " + to_string(row.message) + " is not verified");
      expect(row.ranks == ranks, which + " has other ranks");
      timed.insert(row.collective);
    }
    expect(timed.size() == static_cast<std::size_t>(ranks == 1 ? kCollectives - 1 : kCollectives),
           "not every collective was timed");
  } catch (const std::exception& error) {
    expect(false, error.what());
  }
  return failures == 0 ? 0 : 1;
}
