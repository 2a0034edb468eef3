#include "mpi/native/check.h"

#include <mpi.h>

#include <array>
#include <cctype>

#include "host/base/errors.h"

namespace traincast {

void check_mpi(const char* call, int code) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING + 1> text{};
  int length = 0;
  if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS) length = 0;
  const std::string reason = length > 0 ? std::string(text.data()) : "error " + std::to_string(code);
  throw CommError(std::string(call) + " failed: " + reason);
}

std::string tidy_version(const std::string& text) {
  std::string result;
  for (const char c : text.substr(0, text.find_first_of(",\n\r"))) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (space && (result.empty() || result.back() == ' ')) continue;
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 && result.ends_with(" v")) result.pop_back();
    result += space ? ' ' : c;
  }
  while (result.ends_with(' ')) result.pop_back();
  // "MPICH Version: 4.0.2"
  if (const auto word = result.find(" Version:"); word != std::string::npos) result.erase(word, 9);
  return result.empty() ? "unknown" : result;
}

}  // namespace traincast
