// Rounding to and reading of the storage formats of tensors, on the host.
#pragma once

#include <cstddef>

#include "host/base/data_type.h"

namespace traincast {

inline constexpr float kFp8E4m3Max =
    448.0f;  // largest finite value (Micikevicius et al. 2022, arXiv 2209.05433)

// The value nearest to `value` that the format can hold, ties to even. fp16 and bf16 overflow to infinity;
// fp8_e4m3 saturates, as the conversions of deep-learning frameworks do. fp32 is the identity; fp4 throws
// std::invalid_argument.
float round_to(DataType format, float value);

// Element `index` of an array stored in `format` (fp32, bf16, fp16 or fp8_e4m3), as a float.
float load_element(DataType format, const std::byte* data, std::size_t index);

}  // namespace traincast
