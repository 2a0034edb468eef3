// Collectives and their bandwidth definitions, as nccl-tests doc/PERFORMANCE.md defines them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "host/base/units.h"

namespace traincast {

enum class Collective { all_reduce, all_gather, reduce_scatter, all_to_all, send_recv };
inline constexpr int kCollectives = 5;

std::string_view name(Collective collective);
std::optional<Collective> collective_from_name(std::string_view text);

// Message size convention (nccl-tests): all_reduce and send_recv: the buffer of one rank; all_gather: the
// gathered output; reduce_scatter: the whole input; all_to_all: the buffer of one rank. busbw = algbw x
// factor: all_reduce 2(n-1)/n; all_gather, reduce_scatter, all_to_all (n-1)/n; send_recv 1.
double bus_factor(Collective collective, std::int64_t ranks);

inline Bandwidth algbw(Bytes message, Seconds time) {
  return message / time;
}
inline Bandwidth busbw(Collective collective, std::int64_t ranks, Bytes message, Seconds time) {
  return algbw(message, time) * bus_factor(collective, ranks);
}

}  // namespace traincast
