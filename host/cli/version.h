// What this binary is.
#pragma once

#include <string_view>

namespace traincast {

struct BuildInfo {
  std::string_view version;    // "0.1.0"
  std::string_view commit;     // "" where the source was no git checkout
  std::string_view build;      // "Release"
  std::string_view options;    // "CUDA on, MPI on, NCCL off, cuDNN off, BLAS on"
  std::string_view libraries;  // that it was built with: "nlohmann_json 3.11.2, Open MPI v4.1.4"
  std::string_view compiler;   // "GNU 12.2.0"
};
const BuildInfo& build_info();

}  // namespace traincast
