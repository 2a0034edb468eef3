#include "host/base/temporaries.h"

#include <gtest/gtest.h>

#include "host/base/atomic_file.h"
#include "host/base/file.h"
#include "tests/unit/config/temporary.h"

namespace traincast {
namespace {
namespace fs = std::filesystem;

TEST(Temporaries, ASignalRemovesWhatIsNotedAndNothingElse) {
  const TemporaryFolder folder;
  const fs::path mine = folder.write("mine.tmp", "half"), others = folder.write("others.tmp", "half");
  note_temporary(mine.string());
  note_temporary(others.string());
  forget_temporary(others.string());
  remove_temporaries();
  EXPECT_FALSE(fs::exists(mine));
  EXPECT_TRUE(fs::exists(others));
  forget_temporary(mine.string());
}

TEST(Temporaries, MoreThanThereIsRoomForDoNoHarm) {
  const TemporaryFolder folder;
  std::vector<std::string> paths;
  for (int i = 0; i < 100; ++i) paths.push_back(folder.write(std::to_string(i), "x").string());
  paths.push_back((folder.path() / std::string(5000, 'x')).string());
  for (const std::string& path : paths) note_temporary(path);
  for (const std::string& path : paths) forget_temporary(path);
  remove_temporaries();
  EXPECT_EQ(folder.entries(), 100U);
}

// Nothing is left by kill -9 where the file system knows files without a name; elsewhere a signal handler
// removes the one that there is.
TEST(Temporaries, AFileBeingWrittenHasNoNameOrIsNoted) {
  const TemporaryFolder folder;
  {
    AtomicFile file(folder.path() / "a.json");
    file.write("half");
    remove_temporaries();
    EXPECT_EQ(folder.entries(), 0U);
  }
  write_file_atomically(folder.path() / "a.json", "whole");
  remove_temporaries();
  EXPECT_EQ(read_file(folder.path() / "a.json"), "whole");
  EXPECT_EQ(folder.entries(), 1U);
}

}  // namespace
}  // namespace traincast
