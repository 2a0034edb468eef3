// A GPU as its datasheet and its power measurements describe it; what it achieves is in a Profile.
#pragma once

#include <array>
#include <string>

#include "host/base/data_type.h"
#include "host/base/origin.h"
#include "host/base/units.h"

namespace traincast {

struct Gpu {
  std::string name;     // "h100-sxm": the name of its file
  std::string product;  // as the vendor writes it
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
    Bandwidth nvlink;  // one direction
    Bandwidth host;    // PCIe or C2C, one direction
    Provenance from;
  } links;
  struct Power {
    Watts board;            // TDP
    Watts server_training;  // server share of one GPU during heavy training, GPU included
    Provenance from;
  } power;
  struct Price {
    Dollars capital;  // whole cluster, per GPU
    DollarRate rent;  // per GPU
    Provenance from;
  } price;
  std::string profile;  // default profile: what kernels achieve

  FlopRate peak(DataType type) const { return compute.peak[static_cast<std::size_t>(type)]; }
};

}  // namespace traincast
