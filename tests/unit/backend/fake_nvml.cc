// Two devices: one that reports everything, and an old one without energy, power or the newer name of the
// reasons.
#include <cstring>

namespace {

struct FakeDevice {
  const char* uuid;
  const char* bus;
  bool complete;
};
FakeDevice devices[] = {{"GPU-11111111", "0000:1b:00.0", true}, {"GPU-22222222", "0000:5e:00.0", false}};
int users = 0;

constexpr int kUninitialised = 1;
constexpr int kNotSupported = 3;
constexpr int kNotFound = 6;

int find(const char* text, const char* FakeDevice::*key, void** device) {
  if (users == 0) return kUninitialised;
  for (FakeDevice& candidate : devices) {
    if (std::strcmp(candidate.*key, text) != 0) continue;
    *device = &candidate;
    return 0;
  }
  return kNotFound;
}
bool complete(void* device) {
  return static_cast<FakeDevice*>(device)->complete;
}

}  // namespace

extern "C" {

int fake_users() {
  return users;
}
int nvmlInit_v2() {
  ++users;
  return 0;
}
int nvmlShutdown() {
  --users;
  return 0;
}
const char* nvmlErrorString(int status) {
  return status == kNotFound ? "Not Found" : "Unknown Error";
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  return find(uuid, &FakeDevice::uuid, device);
}
int nvmlDeviceGetHandleByPciBusId_v2(const char* bus, void** device) {
  return find(bus, &FakeDevice::bus, device);
}
int nvmlDeviceGetClockInfo(void*, unsigned int kind, unsigned int* mhz) {
  if (kind != 1 && kind != 2) return kNotSupported;
  *mhz = kind == 1 ? 1755 : 2619;
  return 0;
}
int nvmlDeviceGetTemperature(void*, unsigned int sensor, unsigned int* celsius) {
  *celsius = 61;
  return sensor == 0 ? 0 : kNotSupported;
}
int nvmlDeviceGetPowerUsage(void* device, unsigned int* milliwatts) {
  *milliwatts = 698500;
  return complete(device) ? 0 : kNotSupported;
}
int nvmlDeviceGetEnforcedPowerLimit(void* device, unsigned int* milliwatts) {
  *milliwatts = 700000;
  return complete(device) ? 0 : kNotSupported;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
  *millijoules = 5000000000123ULL;  // above 32 bits
  return complete(device) ? 0 : kNotSupported;
}
// Only the name that drivers before 535 had.
int nvmlDeviceGetCurrentClocksThrottleReasons(void* device, unsigned long long* bits) {
  *bits = complete(device) ? 0x44 : 0x1000;
  return 0;
}

}  // extern "C"
