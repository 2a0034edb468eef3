// Which curve answers for a kind of kernel that has no points of its own. Internal to curves.cc.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "host/calibrate/curves.h"

namespace traincast {

DataType kernel_format(const Op& op);

// The formats that may speak for one another, itself first, then nearest first.
std::array<DataType, kDataTypes> nearest_formats(DataType dtype);

// The curve for the kind of `op`, its own or the nearest (the order stands in curves.h), with `curves` by
// kind; nothing where no kind can stand in.
std::optional<KernelCurveUse> use_of(const Op& op, const std::vector<std::optional<std::size_t>>& curves,
                                     const Provenance& from, const Gpu& gpu, const KernelPlateaus& plateaus);

}  // namespace traincast
