#include "host/base/atomic_file.h"

#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "tests/unit/config/temporary.h"

namespace traincast {
namespace {

TEST(AtomicFile, AppearsWithCommitAlone) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "step.json";
  {
    AtomicFile file(path);
    file.write("first ");
    file.write("second");
    EXPECT_FALSE(std::filesystem::exists(path));
    file.commit();
  }
  EXPECT_EQ(read_file(path), "first second");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFile, WithoutCommitTheOldFileStays) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "step.json";
  write_file_atomically(path, "old");
  {
    AtomicFile file(path);
    file.write("half of the n");
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFile, RefusesAFolderAndAMissingOne) {
  const TemporaryFolder folder;
  EXPECT_THROW(AtomicFile{folder.path()}, ConfigError);
  EXPECT_THROW(AtomicFile{folder.path() / "none" / "step.json"}, ConfigError);
  EXPECT_EQ(folder.entries(), 0U);
}

}  // namespace
}  // namespace traincast
