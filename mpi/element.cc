#include "mpi/element.h"

#include <cstring>

namespace traincast {
namespace {

struct Fp32 {
  using Bits = float;
  static float decode(Bits bits) { return bits; }
  static Bits encode(float value) { return value; }
};
struct PackedFp4 {
  using Bits = std::uint8_t;
  static float decode(Bits bits) { return bits; }
  static Bits encode(float value) { return static_cast<Bits>(value); }
};

template <typename Format>
void encode_all(std::span<const float> values, std::byte* bytes) {
  for (const float value : values) {
    const typename Format::Bits bits = Format::encode(value);
    std::memcpy(bytes, &bits, sizeof bits);
    bytes += sizeof bits;
  }
}
template <typename Format>
void decode_all(const std::byte* bytes, std::span<float> values) {
  for (float& value : values) {
    typename Format::Bits bits{};
    std::memcpy(&bits, bytes, sizeof bits);
    value = Format::decode(bits);
    bytes += sizeof bits;
  }
}

struct Row {
  std::size_t bytes;
  int exact;
  void (*encode)(std::span<const float>, std::byte*);
  void (*decode)(const std::byte*, std::span<float>);
};
const Row& row(DataType dtype) {
  static constexpr Row kRows[kDataTypes] = {
      {4, 1 << 24, encode_all<Fp32>, decode_all<Fp32>},
      {2, 1 << 8, encode_all<Bf16>, decode_all<Bf16>},
      {2, 1 << 11, encode_all<Fp16>, decode_all<Fp16>},
      {1, 1 << 4, encode_all<Fp8E4M3>, decode_all<Fp8E4M3>},
      {1, 255, encode_all<PackedFp4>, decode_all<PackedFp4>},
  };
  return kRows[static_cast<int>(dtype)];
}

}  // namespace

std::size_t unit_bytes(DataType dtype) {
  return row(dtype).bytes;
}
int exact_integers(DataType dtype) {
  return row(dtype).exact;
}
void encode(DataType dtype, std::span<const float> values, std::byte* bytes) {
  row(dtype).encode(values, bytes);
}
void decode(DataType dtype, const std::byte* bytes, std::span<float> values) {
  row(dtype).decode(bytes, values);
}

}  // namespace traincast
