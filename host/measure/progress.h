// How far a section is, in words.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "host/base/units.h"

namespace traincast {

class SectionProgress {
 public:
  // `done`: points of an earlier measurement, which began at `start` as far as time goes.
  SectionProgress(std::string_view section, std::size_t points, std::size_t done, Seconds budget,
                  Seconds start, const std::function<void(std::string_view)>& print);

  // After a point: "gemm 120/216  gemm forward bf16 64x64x64  3.1 GFLOP/s  about 5 s left"; not more often
  // than people read.
  void point(Seconds now, std::string_view what, std::string_view rate);
  void finish(Seconds now, std::size_t measured, std::size_t beyond_budget);

 private:
  std::string section_;
  std::size_t points_;
  Seconds budget_, start_, printed_;
  std::size_t before_, done_;
  const std::function<void(std::string_view)>& print_;
};

}  // namespace traincast
