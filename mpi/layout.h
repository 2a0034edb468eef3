// How many elements each rank sends and receives for a message of a given size.
#pragma once

#include <cstdint>
#include <string>

#include "host/base/collective.h"
#include "host/base/data_type.h"
#include "host/base/units.h"

namespace traincast {

// Counts are of units (mpi/element.h).
struct Layout {
  Collective collective = Collective::all_reduce;
  DataType dtype = DataType::fp32;
  int ranks = 1;
  std::int64_t block = 0;  // the count that the libraries' calls take: per rank where the data is split
  std::int64_t send = 0, receive = 0;
  Bytes send_bytes() const;
  Bytes receive_bytes() const;
  Bytes message() const;  // by the convention of host/base/collective.h
};

bool reduces(Collective collective);

// The largest message of at most `message` that splits evenly, and at least one unit a rank. Throws CommError
// for a size that is no size, and for a reduction in FP4.
Layout make_layout(Collective collective, Bytes message, DataType dtype, int ranks);

// For people: "all_reduce bf16 of 1.05 MB".
std::string to_string(const Layout& layout);

}  // namespace traincast
