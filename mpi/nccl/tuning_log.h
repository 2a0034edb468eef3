// Hears from NCCL itself which algorithm and protocol a call uses: its log of TUNING, switched on for one
// call.
#pragma once

#include <string>

#include "mpi/communicator.h"

namespace traincast {

// Switches the log on while it lives. Does nothing where the user set NCCL_DEBUG, whose log is the user's, or
// where this NCCL cannot read its logging variables anew.
class TuningLog {
 public:
  TuningLog();
  ~TuningLog();
  TuningLog(const TuningLog&) = delete;
  TuningLog& operator=(const TuningLog&) = delete;
  LibraryChoice read() const;

 private:
  std::string file_;  // "" where it does nothing
};

}  // namespace traincast
