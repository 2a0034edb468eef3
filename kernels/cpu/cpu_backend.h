// Backend "cpu": the reference of every op, in FP32 on inputs rounded to the op's format. One thread a rank.
#pragma once

#include <memory>

#include "kernels/backend.h"

namespace traincast {

// The host's processors are one device, so the ordinal is ignored.
std::unique_ptr<Backend> make_cpu_backend(int device);

}  // namespace traincast
