// Progress of commands, on the standard error.
#pragma once

#include "host/base/progress.h"
#include "host/cli/arguments.h"

namespace traincast {

// Silent with --quiet and on ranks that do not speak; a bar where the standard error is a terminal that can
// move its cursor (TERM is not "dumb"); lines elsewhere.
ProgressStyle progress_style(const Arguments& arguments);

// For one command: its output, and a clock for its meters.
class CommandProgress {
 public:
  explicit CommandProgress(const Arguments& arguments);
  ProgressOutput& output() { return output_; }
  Seconds now() const;  // since this was made

 private:
  double start_;
  ProgressOutput output_;
};

}  // namespace traincast
