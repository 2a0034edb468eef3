// What can go wrong, one type per remedy. main() turns each into one line and an exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace traincast {

// A wrong command line; exit 2.
struct UsageError : std::runtime_error {
  using runtime_error::runtime_error;
};
// A text that is no quantity of the dimension asked for; the reader adds file and key.
struct UnitError : std::runtime_error {
  using runtime_error::runtime_error;
};
// A file that cannot be accepted: names file, JSON pointer and what is accepted; exit 2.
struct ConfigError : std::runtime_error {
  using runtime_error::runtime_error;
};
// A device call failed: names the call, file:line and the vendor's text; exit 1.
struct DeviceError : std::runtime_error {
  using runtime_error::runtime_error;
};
// A rank or a collective failed; exit 1.
struct CommError : std::runtime_error {
  using runtime_error::runtime_error;
};
// A plan that does not fit: says what, and by how much; exit 3.
struct InfeasiblePlan : std::runtime_error {
  using runtime_error::runtime_error;
};

}  // namespace traincast
