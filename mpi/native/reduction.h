// How MPI adds the elements of a message.
#pragma once

#include <mpi.h>

#include "host/base/data_type.h"

namespace traincast {

// The MPI type of one unit of a message (mpi/element.h).
MPI_Datatype mpi_type(DataType dtype);

// Sums of one format. FP32 is MPI_SUM; BF16, FP16 and FP8, which MPI does not know, are operations of our own
// that add two elements in FP32 and round the sum to the format, at each hop, as NCCL's rings do.
class MpiSum {
 public:
  explicit MpiSum(DataType dtype);  // MPI must run, and still run when this is destroyed
  ~MpiSum();
  MpiSum(const MpiSum&) = delete;
  MpiSum& operator=(const MpiSum&) = delete;
  MPI_Op get() const { return op_; }

 private:
  bool own_ = false;
  MPI_Op op_ = MPI_SUM;
};

}  // namespace traincast
