#include "host/measure/devices.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "host/base/errors.h"
#include "host/config/load.h"
#include "kernels/registry.h"

namespace traincast {
namespace {

// The name of the backend that "auto" stands for.
std::string_view resolved(std::string_view backend) {
  if (backend != "auto") return backend;
  for (const BackendEntry& entry : backends()) {
    if (entry.why_unavailable().empty()) return entry.name;
  }
  return backend;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Drivers print "NVIDIA H800" where people and tables say "H800".
bool names_device(std::string_view name, std::string_view device) {
  constexpr std::string_view kVendor = "NVIDIA ";
  if (same_name(name, device)) return true;
  return device.substr(0, kVendor.size()) == kVendor && same_name(name, device.substr(kVendor.size()));
}

std::string rank_on_host(int rank, const std::string& host) {
  return "rank " + std::to_string(rank) + " on " + host;
}

}  // namespace

std::unique_ptr<Backend> make_rank_backend(const Session& session, std::string_view backend, int& device) {
  const std::string_view chosen = resolved(backend);
  const bool only_one = device_count(chosen) == 1;
  device = only_one ? 0 : session.local_rank();
  return make_backend(chosen, device);
}

void check_same_devices(Session& session, const DeviceInfo& device) {
  const std::vector<std::string> hosts = session.all_gather(session.host());
  const std::vector<std::string> kinds = session.all_gather(device.backend + " " + device.name);
  const std::vector<std::string> ids = session.all_gather(session.host() + " " + device.id);
  for (std::size_t rank = 1; rank < kinds.size(); ++rank) {
    const int number = static_cast<int>(rank);
    if (kinds[rank] != kinds[0]) {
      throw DeviceError(rank_on_host(number, hosts[rank]) + " has \"" + kinds[rank] + "\", " +
                        rank_on_host(0, hosts[0]) + " \"" + kinds[0] +
                        "\"; a profile describes one kind of device");
    }
    if (device.backend == "cpu") continue;
    const auto last = ids.begin() + number;
    const auto twin = std::find(ids.begin(), last, ids[rank]);
    if (twin == last) continue;
    throw DeviceError(rank_on_host(number, hosts[rank]) + " shares device " + ids[rank] + " with rank " +
                      std::to_string(twin - ids.begin()) + "; start one rank a GPU");
  }
}

bool describes(const Gpu& gpu, std::string_view device) {
  return names_device(gpu.product, device) ||
         std::any_of(gpu.aliases.begin(), gpu.aliases.end(),
                     [&](const std::string& alias) { return names_device(alias, device); });
}

std::string gpu_config_of(const ConfigStore& store, const DeviceInfo& device) {
  if (device.backend == "cpu") return "cpu";
  for (const std::string& name : store.names(ConfigKind::gpus)) {
    if (describes(load_gpu(store, name), device.name)) return name;
  }
  return "";
}

}  // namespace traincast
