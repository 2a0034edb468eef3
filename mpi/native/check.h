// MPI's error codes as exceptions. The handle of every communicator in use must have MPI_ERRORS_RETURN.
#pragma once

#include <string>

namespace traincast {

// Throws CommError "MPI_Bcast failed: <MPI's text>" unless `code` is MPI_SUCCESS.
void check_mpi(const char* call, int code);

// "Open MPI 4.1.4" from the text of MPI_Get_library_version, of which each library has its own style.
std::string tidy_version(const std::string& text);

}  // namespace traincast
