// What NCCL's log says about how it ran a collective.
#pragma once

#include <string_view>

#include "mpi/communicator.h"

namespace traincast {

// Algorithm, protocol and channels of the last line of NCCL's TUNING log, which reads
//   host:1:1 [0] NCCL INFO AllReduce: 1048576 Bytes -> Algo RING proto SIMPLE channel{Lo..Hi}={0..7}
// with names (NCCL 2.26 and newer) or the numbers of NCCL's enumerations. Nothing known where no line is of
// that form.
LibraryChoice parse_tuning_log(std::string_view log);

}  // namespace traincast
