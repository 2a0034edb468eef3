// The seam between a device and everything else: tiny and free of vendor headers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/base/host_op.h"
#include "host/base/op.h"
#include "host/base/units.h"
#include "kernels/background.h"
#include "kernels/telemetry.h"

namespace traincast {

// What identifies a device in a profile. Unknown texts are "unknown", unknown numbers 0.
struct DeviceInfo {
  std::string backend;  // "cpu" or "cuda"
  std::string name;     // as the vendor's tools print it
  std::string id;       // UUID where there is one: distinguishes two devices of one host
  std::string driver;
  std::vector<std::pair<std::string, std::string>> libraries;  // name, version
  Bytes memory;
  Bytes last_level_cache;
  int multiprocessors = 0;
  std::string pci_bus_id;  // "0000:1b:00.0", by which operators find a card; "" where there is none
};

// An op with every buffer allocated and every plan made; defined by its backend.
class Prepared {
 public:
  virtual ~Prepared() = default;
  // What the library chose to run, and from how many: "cublasLt algo 66 tile 23 ... (1 of 1)"; "" where there
  // was no choice.
  virtual std::string algorithm() const { return ""; }
};

struct PrepareOptions {
  // How many of a library's suggestions are timed on the device when preparing, the fastest staying. 1 takes
  // the heuristic's first choice unseen, as frameworks do.
  int algorithms = 1;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual DeviceInfo info() const = 0;

  // "" when this backend can run the op, else why not (a result row, never an error).
  virtual std::string why_unsupported(const Op& op) const = 0;
  virtual std::string why_unsupported(const HostOp& op) const = 0;

  // All allocation, planning and filling with random normal data happens here, outside any timing. Must not
  // outlive the backend.
  virtual std::unique_ptr<Prepared> prepare(const Op& op, std::uint64_t seed,
                                            const PrepareOptions& options = {}) = 0;
  virtual std::unique_ptr<Prepared> prepare(const HostOp& op, std::uint64_t seed) = 0;

  // Time of `repeats` back-to-back executions: device events on a GPU, a steady clock on a CPU. Launches do
  // not count (the device starts when all work is queued), except those of a KernelLaunch, whose time is the
  // host's.
  virtual Seconds time(Prepared& prepared, int repeats) = 0;

  // Starts one execution after those enqueued before: asynchronous on a GPU, at once on the CPU. Launches
  // count here, as they do in training. Executions read and write the same operands in turn, so their values
  // are of no use.
  virtual void enqueue(Prepared& prepared) = 0;
  // A time stamp after what has been enqueued so far, in the device's own order.
  virtual void mark() = 0;
  // Waits for everything enqueued; the time of each mark since the first of them, which are then forgotten.
  virtual std::vector<Seconds> synchronize() = 0;

  // Executes the op over and over on its own stream (a thread on the CPU), and has begun when this returns.
  virtual std::unique_ptr<BackgroundLoad> run_in_background(Prepared& prepared) = 0;

  // Clocks, power and temperature of this device; lives as long as the backend.
  virtual Telemetry& telemetry() = 0;

  // Runs the op once on its inputs and returns its output(s), concatenated, as floats: what the oracle test
  // compares. Empty for a KernelLaunch; a HostCopy gives its bytes, 0 to 255.
  virtual std::vector<float> result(Prepared& prepared) = 0;

  virtual void flush_cache() = 0;
};

}  // namespace traincast
