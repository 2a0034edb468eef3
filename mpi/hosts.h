// Which ranks share a host or a device.
#pragma once

#include <string>
#include <vector>

namespace traincast {

std::string host_name();
// Equal for two processes exactly when they run on the same machine: host names alone repeat among
// containers, so the kernel's boot id is part of it.
std::string host_identity();

struct Placement {
  int local_rank = 0;  // index among the ranks of this host, in rank order
  int local_size = 1;
  int nodes = 1;  // distinct hosts
  int node = 0;   // this rank's host, in the order of their first ranks
};
// `identities` is host_identity() by rank.
Placement placement(const std::vector<std::string>& identities, int rank);

// "" when all ranks' devices differ, else one line naming the first two ranks with one device. `hosts` and
// `devices` (UUIDs, so distinct across hosts) by rank.
std::string shared_device(const std::vector<std::string>& hosts, const std::vector<std::string>& devices);

}  // namespace traincast
