// Number formats of tensors.
#pragma once

#include <optional>
#include <string_view>

namespace traincast {

enum class DataType { fp32, bf16, fp16, fp8_e4m3, fp4 };
inline constexpr int kDataTypes = 5;

constexpr std::string_view name(DataType type) {
  constexpr std::string_view kNames[] = {"fp32", "bf16", "fp16", "fp8_e4m3", "fp4"};
  return kNames[static_cast<int>(type)];
}
constexpr double bytes_per_element(DataType type) {
  constexpr double kBytes[] = {4, 2, 2, 1, 0.5};
  return kBytes[static_cast<int>(type)];
}
constexpr std::optional<DataType> data_type_from_name(std::string_view text) {
  for (int i = 0; i < kDataTypes; ++i) {
    if (name(static_cast<DataType>(i)) == text) return static_cast<DataType>(i);
  }
  return std::nullopt;
}

}  // namespace traincast
