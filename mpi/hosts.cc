#include "mpi/hosts.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <map>
#include <set>

namespace traincast {

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return name.data();
}

std::string host_identity() {
  std::string boot;
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::getline(file, boot);
  return host_name() + ' ' + boot;
}

Placement placement(const std::vector<std::string>& identities, int rank) {
  Placement result{.local_rank = 0, .local_size = 0, .nodes = 0};
  const auto own = static_cast<std::size_t>(rank);
  for (std::size_t other = 0; other < identities.size(); ++other) {
    if (identities[other] != identities[own]) continue;
    ++result.local_size;
    if (other < own) ++result.local_rank;
  }
  std::set<std::string> seen;
  for (const std::string& identity : identities) {
    if (identity == identities[own]) break;
    seen.insert(identity);
  }
  result.node = static_cast<int>(seen.size());
  result.nodes = static_cast<int>(std::set<std::string>(identities.begin(), identities.end()).size());
  return result;
}

std::string shared_device(const std::vector<std::string>& hosts, const std::vector<std::string>& devices) {
  std::map<std::string, std::size_t> owner;
  for (std::size_t rank = 0; rank < devices.size(); ++rank) {
    const auto [first, fresh] = owner.emplace(devices[rank], rank);
    if (fresh) continue;
    return "ranks " + std::to_string(first->second) + " and " + std::to_string(rank) + " on " + hosts[rank] +
           " would share " + devices[rank] +
           "; start one rank per GPU, and let each rank see all GPUs of its host or its own one";
  }
  return "";
}

}  // namespace traincast
