// Clocks, power and temperature of one device while it works: what tells a hot or capped card from a slow
// kernel.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/base/units.h"

namespace traincast {

// One reading. A figure that the device does not report is absent.
struct TelemetrySample {
  std::optional<Frequency> sm_clock;
  std::optional<Frequency> memory_clock;
  std::optional<Watts> power;        // NVIDIA Ampere and later: averaged over about a second
  std::optional<Watts> power_limit;  // enforced now
  std::optional<double> temperature_c;
  std::optional<Joules> energy;  // since the driver was loaded: differences count
  // Why the clock is below its highest, as NVML names it: "sw_power_cap", "hw_thermal_slowdown". Sorted by
  // bit.
  std::vector<std::string> throttle_reasons;
};

class Telemetry {
 public:
  virtual ~Telemetry() = default;
  // "" when sample() reads a device, else why it cannot.
  virtual std::string why_unavailable() const = 0;
  // An empty reading where unavailable. Never throws: a measurement does not end because a sensor does not
  // answer.
  virtual TelemetrySample sample() = 0;
};

// Always unavailable, for this reason.
std::unique_ptr<Telemetry> no_telemetry(std::string why);

inline constexpr const char* kNvmlLibrary = "libnvidia-ml.so.1";

// NVIDIA's management library, loaded at run time, on the device with this UUID ("GPU-..." or "MIG-...") or,
// failing that, this PCI bus id ("00000000:1B:00.0" or shorter). Unavailable, with the reason, where anything
// is missing.
std::unique_ptr<Telemetry> nvml_telemetry(const std::string& uuid, const std::string& pci_bus_id,
                                          const std::string& library = kNvmlLibrary);

}  // namespace traincast
