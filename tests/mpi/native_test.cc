// What only a binary with MPI has.
#include <gtest/gtest.h>

#include <string>

#include "host/base/errors.h"
#include "mpi/native/check.h"
#include "tests/mpi/main.h"

namespace traincast {
namespace {

TEST(Native, VersionTextsOfTheLibrariesAreTidied) {
  EXPECT_EQ(tidy_version("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4"), "Open MPI 4.1.4");
  EXPECT_EQ(tidy_version("MPICH Version:      4.0.2\nMPICH Release date: 2022"), "MPICH 4.0.2");
  EXPECT_EQ(tidy_version("Intel(R) MPI Library 2021.10 for Linux* OS\n"),
            "Intel(R) MPI Library 2021.10 for Linux* OS");
  EXPECT_EQ(tidy_version(""), "unknown");
  EXPECT_NE(mpi_library_version().find_first_of("0123456789"), std::string::npos) << mpi_library_version();
}

TEST(Native, ErrorsNameTheCallAndMpisText) {
  Session& session = test_session();
  if (session.size() == 1) GTEST_SKIP() << "MPI is not initialised for one rank without a launcher";
  try {
    int value = 0;
    session.broadcast(&value, sizeof value, session.size());  // no such root
    FAIL() << "nothing was thrown";
  } catch (const CommError& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.substr(0, 18), "MPI_Bcast failed: ") << text;
    EXPECT_GT(text.size(), 20U);
  }
}

}  // namespace
}  // namespace traincast
