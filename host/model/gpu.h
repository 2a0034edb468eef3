// A GPU as its datasheet and its power measurements describe it; what it achieves is in a Profile.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/data_type.h"
#include "host/base/origin.h"
#include "host/base/units.h"
#include "host/model/attention_kernel.h"

namespace traincast {

// A GEMM with a short side wastes part of its tiles and of its pipeline:
// rate = plateau / ((1 + half_m / m) (1 + half_n / n) (1 + half_k / k)).
struct GemmRate {
  FlopRate plateau;
  double half_m = 0, half_n = 0, half_k = 0;
};

// Fused attention, causal, head dimension 128: rate = plateau / (1 + half_length / length).
struct AttentionRate {
  FlopRate forward;
  FlopRate backward;
  double half_length = 0;
};

// Rates that a GPU sustains in training, not in a short burst. Zero: the GPU lacks the format or nobody
// published the kernel.
struct SustainedRates {
  std::array<GemmRate, kDataTypes> gemm{};
  std::array<AttentionRate, kAttentionKernels> attention{};
  Bandwidth stream;   // memory-bound kernels
  Seconds launch;     // fixed cost of one kernel
  double spread = 0;  // relative standard deviation of speed between GPUs of one fleet
  Provenance from;
};

// What a lower clock saves. The chip's switching draws dynamic x f V^2 (f the clock over the one sustained in
// training, V the voltage over the one at that clock); V falls with f down to a floor: f^3 above it, f
// floor^2 below. Memory, links and the rest of the server keep their clocks and their power.
struct ClockedPower {
  Watts dynamic;             // at f = 1, of server_training
  double voltage_floor = 0;  // V can fall no lower
  double lowest = 0;         // f, as far as the law is trusted
  Provenance from;
};

struct Gpu {
  std::string name;                  // "h100-sxm": the name of its file
  std::string product;               // as the vendor writes it
  std::vector<std::string> aliases;  // other names: in published tables, as drivers print it
  struct Compute {
    std::array<FlopRate, kDataTypes> peak{};  // dense; by DataType; 0 where the GPU lacks the format
    int multiprocessors = 0;
    Frequency boost_clock;
    Provenance from;
  } compute;
  struct Memory {
    Bytes capacity;
    Bandwidth bandwidth;
    Provenance from;
  } memory;
  struct Links {
    Bandwidth nvlink;                // one direction
    Bandwidth host;                  // PCIe or C2C, one direction
    std::int64_t nvlink_domain = 8;  // GPUs that reach one another by NVLink
    Bandwidth default_nic;           // per GPU, of the usual system, where a source states none
    Provenance from;
  } links;
  struct Power {
    Watts board;            // TDP
    Watts server_training;  // server share of one GPU during heavy training, GPU included
    Provenance from;
    std::optional<ClockedPower> clocked = std::nullopt;  // none: nobody says what lower clocks save
  } power;
  struct Price {
    Dollars capital;  // whole cluster, per GPU
    DollarRate rent;  // per GPU
    Provenance from;
  } price;
  SustainedRates sustained;
  std::string profile;  // default profile: what kernels achieve

  FlopRate peak(DataType type) const { return compute.peak[static_cast<std::size_t>(type)]; }
};

}  // namespace traincast
