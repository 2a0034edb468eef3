#include "mpi/layout.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "host/base/errors.h"
#include "mpi/element.h"

namespace traincast {
namespace {

Bytes bytes(std::int64_t units, DataType dtype) {
  return Bytes(static_cast<double>(units) * static_cast<double>(unit_bytes(dtype)));
}
bool splits_input(Collective collective) {
  return collective == Collective::reduce_scatter || collective == Collective::all_to_all;
}
bool joins_output(Collective collective) {
  return collective == Collective::all_gather || collective == Collective::all_to_all;
}

}  // namespace

Bytes Layout::send_bytes() const {
  return bytes(send, dtype);
}
Bytes Layout::receive_bytes() const {
  return bytes(receive, dtype);
}
Bytes Layout::message() const {
  return bytes(std::max(send, receive), dtype);
}

bool reduces(Collective collective) {
  return collective == Collective::all_reduce || collective == Collective::reduce_scatter;
}

Layout make_layout(Collective collective, Bytes message, DataType dtype, int ranks) {
  constexpr double kLargest = 1e15;  // far above any memory, far below what int64 or double hold exactly
  if (!(message.value() >= 0 && message.value() <= kLargest)) {
    throw CommError(std::string(name(collective)) + ": a message of " + std::to_string(message.value()) +
                    " bytes; accepted: 0 to 1 PB");
  }
  if (reduces(collective) && dtype == DataType::fp4) {
    throw CommError(std::string(name(collective)) + " in fp4: no library adds FP4 numbers");
  }
  Layout layout{.collective = collective, .dtype = dtype, .ranks = ranks};
  const bool split = splits_input(collective) || joins_output(collective);
  const std::int64_t parts = split ? ranks : 1;
  const auto units =
      static_cast<std::int64_t>(std::floor(message.value() / static_cast<double>(unit_bytes(dtype))));
  layout.block = std::max<std::int64_t>(1, units / parts);
  layout.send = splits_input(collective) ? layout.block * ranks : layout.block;
  layout.receive = joins_output(collective) ? layout.block * ranks : layout.block;
  return layout;
}

std::string to_string(const Layout& layout) {
  return std::string(name(layout.collective)) + " " + std::string(name(layout.dtype)) + " of " +
         to_string(layout.message());
}

}  // namespace traincast
