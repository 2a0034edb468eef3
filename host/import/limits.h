// What an import refuses because nothing real is that large: the walk over the layers ends, products fit 64
// bits, and a hostile file takes bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace traincast {

inline constexpr std::int64_t kMaxImportedLayers = 100'000;  // as load_transformer
// Merging points into a profile compares each with each.
inline constexpr std::size_t kMaxImportedRows = 20'000;
// Of nccl-tests: more than any node has. Each is a rank of its own, however short the text that names it.
inline constexpr int kMaxGpusOfAProcess = 256;
inline constexpr int kMaxImportedRanks = 1'000'000;

}  // namespace traincast
