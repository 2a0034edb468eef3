// Expected output kept in files. TRAINCAST_UPDATE_GOLDEN=1 rewrites them: read the difference before it is
// committed.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "host/base/file.h"

namespace traincast {

inline void expect_golden(const std::string& name, const std::string& actual) {
  const std::filesystem::path path = std::filesystem::path(TRAINCAST_TEST_SOURCE) / "tests" / "golden" / name;
  if (std::getenv("TRAINCAST_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    write_file_atomically(path, actual);
    return;
  }
  ASSERT_TRUE(std::filesystem::exists(path))
      << "no file " << path << "; run the test with TRAINCAST_UPDATE_GOLDEN=1 and read what it wrote";
  EXPECT_EQ(read_file(path), actual) << "differs from " << path
                                     << "; TRAINCAST_UPDATE_GOLDEN=1 accepts the new output";
}

}  // namespace traincast
