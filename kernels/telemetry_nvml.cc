// NVML through dlopen: the library comes with the driver, and its header with neither the driver nor CUDA's
// packages. Signatures and constants are those of the public nvml.h, whose entry points are versioned and
// stay.
#include <dlfcn.h>

#include <array>
#include <string_view>
#include <utility>

#include "kernels/telemetry.h"

namespace traincast {
namespace {

constexpr int kSuccess = 0;
constexpr unsigned int kSmClock = 1;           // NVML_CLOCK_SM
constexpr unsigned int kMemoryClock = 2;       // NVML_CLOCK_MEM
constexpr unsigned int kTemperatureOfGpu = 0;  // NVML_TEMPERATURE_GPU

using Device = void*;
using Handle = std::unique_ptr<void, int (*)(void*)>;

// nvmlClocksEventReason* (nvmlClocksThrottleReason* before driver 535), bit by bit.
constexpr std::array<std::string_view, 9> kReasons{"gpu_idle",
                                                   "applications_clocks_setting",
                                                   "sw_power_cap",
                                                   "hw_slowdown",
                                                   "sync_boost",
                                                   "sw_thermal_slowdown",
                                                   "hw_thermal_slowdown",
                                                   "hw_power_brake_slowdown",
                                                   "display_clock_setting"};

std::vector<std::string> reasons_of(unsigned long long bits) {
  std::vector<std::string> reasons;
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    if ((bits >> i & 1U) != 0) reasons.emplace_back(kReasons[i]);
  }
  if (bits >> kReasons.size() != 0) reasons.emplace_back("other");
  return reasons;
}

class Nvml final : public Telemetry {
 public:
  Nvml(const std::string& uuid, const std::string& pci_bus_id, const std::string& library)
      : library_(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL), dlclose) {
    if (library_ == nullptr) {
      const char* text = dlerror();
      why_ = library + " cannot be loaded: " + (text == nullptr ? "unknown reason" : text);
      return;
    }
    why_ = start(uuid, pci_bus_id, library);
  }
  ~Nvml() override {
    if (initialised_) find<int (*)()>("nvmlShutdown")();
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  std::string why_unavailable() const override { return why_; }

  TelemetrySample sample() override {
    TelemetrySample now;
    if (!why_.empty()) return now;
    if (const auto mhz = read_clock(kSmClock)) now.sm_clock = Frequency(1e6 * *mhz);
    if (const auto mhz = read_clock(kMemoryClock)) now.memory_clock = Frequency(1e6 * *mhz);
    if (const auto mw = read<unsigned int>(power_)) now.power = Watts(1e-3 * *mw);
    if (const auto mw = read<unsigned int>(power_limit_)) now.power_limit = Watts(1e-3 * *mw);
    unsigned int celsius = 0;
    if (temperature_ != nullptr && temperature_(device_, kTemperatureOfGpu, &celsius) == kSuccess) {
      now.temperature_c = celsius;
    }
    if (const auto mj = read<unsigned long long>(energy_))
      now.energy = Joules(1e-3 * static_cast<double>(*mj));
    if (const auto bits = read<unsigned long long>(reasons_)) now.throttle_reasons = reasons_of(*bits);
    return now;
  }

 private:
  template <typename T>
  using Getter = int (*)(Device, T*);
  using GetterOfKind = int (*)(Device, unsigned int, unsigned int*);
  using GetHandle = int (*)(const char*, Device*);

  template <typename Function>
  Function find(const char* name) const {
    return reinterpret_cast<Function>(dlsym(library_.get(), name));
  }
  template <typename T>
  std::optional<T> read(Getter<T> getter) const {
    T value{};
    if (getter == nullptr || getter(device_, &value) != kSuccess) return std::nullopt;
    return value;
  }
  std::optional<unsigned int> read_clock(unsigned int kind) const {
    unsigned int mhz = 0;
    if (clock_ == nullptr || clock_(device_, kind, &mhz) != kSuccess) return std::nullopt;
    return mhz;
  }
  std::string text_of(int status) const {
    const auto text = find<const char* (*)(int)>("nvmlErrorString");
    return text == nullptr ? "error " + std::to_string(status) : text(status);
  }

  // "" or why there is nothing to read.
  std::string start(const std::string& uuid, const std::string& pci_bus_id, const std::string& library) {
    const auto init = find<int (*)()>("nvmlInit_v2");
    const auto by_uuid = find<GetHandle>("nvmlDeviceGetHandleByUUID");
    const auto by_bus = find<GetHandle>("nvmlDeviceGetHandleByPciBusId_v2");
    if (init == nullptr || by_uuid == nullptr || by_bus == nullptr || !find<int (*)()>("nvmlShutdown")) {
      return library + " lacks nvmlInit_v2, nvmlShutdown or nvmlDeviceGetHandleBy*";
    }
    if (const int status = init(); status != kSuccess) return "nvmlInit_v2: " + text_of(status);
    initialised_ = true;
    if (by_uuid(uuid.c_str(), &device_) != kSuccess) {
      const int status = by_bus(pci_bus_id.c_str(), &device_);
      if (status != kSuccess) {
        return "NVML knows no device " + uuid + " at " + pci_bus_id + ": " + text_of(status);
      }
    }
    clock_ = find<GetterOfKind>("nvmlDeviceGetClockInfo");
    temperature_ = find<GetterOfKind>("nvmlDeviceGetTemperature");
    power_ = find<Getter<unsigned int>>("nvmlDeviceGetPowerUsage");
    power_limit_ = find<Getter<unsigned int>>("nvmlDeviceGetEnforcedPowerLimit");
    energy_ = find<Getter<unsigned long long>>("nvmlDeviceGetTotalEnergyConsumption");
    reasons_ = find<Getter<unsigned long long>>("nvmlDeviceGetCurrentClocksEventReasons");
    if (reasons_ == nullptr) {
      reasons_ = find<Getter<unsigned long long>>("nvmlDeviceGetCurrentClocksThrottleReasons");
    }
    return "";
  }

  Handle library_;
  bool initialised_ = false;
  std::string why_;
  Device device_ = nullptr;
  GetterOfKind clock_ = nullptr;
  GetterOfKind temperature_ = nullptr;
  Getter<unsigned int> power_ = nullptr;
  Getter<unsigned int> power_limit_ = nullptr;
  Getter<unsigned long long> energy_ = nullptr;
  Getter<unsigned long long> reasons_ = nullptr;
};

}  // namespace

std::unique_ptr<Telemetry> nvml_telemetry(const std::string& uuid, const std::string& pci_bus_id,
                                          const std::string& library) {
  return std::make_unique<Nvml>(uuid, pci_bus_id, library);
}

}  // namespace traincast
