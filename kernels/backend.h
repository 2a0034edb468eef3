// The seam between a device and everything else: tiny and free of vendor headers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/base/op.h"
#include "host/base/units.h"

namespace traincast {

// What identifies a device in a profile. Unknown texts are "unknown", unknown numbers 0.
struct DeviceInfo {
  std::string backend;  // "cpu" or "cuda"
  std::string name;     // as the vendor's tools print it
  std::string id;       // UUID or PCI bus id: distinguishes two devices of one host
  std::string driver;
  std::vector<std::pair<std::string, std::string>> libraries;  // name, version
  Bytes memory;
  Bytes last_level_cache;
  int multiprocessors = 0;
};

// An op with every buffer allocated and every plan made; defined by its backend.
class Prepared {
 public:
  virtual ~Prepared() = default;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual DeviceInfo info() const = 0;

  // "" when this backend can run the op, else why not (a result row, never an error).
  virtual std::string why_unsupported(const Op& op) const = 0;

  // All allocation, planning and filling with random normal data happens here, outside any timing.
  virtual std::unique_ptr<Prepared> prepare(const Op& op, std::uint64_t seed) = 0;

  // Time of `repeats` back-to-back executions: device events on a GPU, a steady clock on a CPU.
  virtual Seconds time(Prepared& prepared, int repeats) = 0;

  // Runs the op once on its inputs and returns its output(s), concatenated, as floats: what the oracle test
  // compares.
  virtual std::vector<float> result(Prepared& prepared) = 0;

  virtual void flush_cache() = 0;
};

}  // namespace traincast
