// What this binary is.
#pragma once

#include <string_view>

namespace traincast {

struct BuildInfo {
  std::string_view version;   // "0.1.0"
  std::string_view commit;    // "" where the source was no git checkout
  std::string_view build;     // "Release"
  std::string_view options;   // "CUDA on, MPI on, NCCL off"
  std::string_view compiler;  // "GNU 12.2.0"
};
const BuildInfo& build_info();

}  // namespace traincast
