#include "host/base/file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/config/temporary.h"

namespace traincast {
namespace {
namespace fs = std::filesystem;

TEST(File, ReadsBackWhatItWrote) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "a.json";
  const std::string bytes("zero \0 byte and \n line", 22);
  write_file_atomically(file, bytes);
  EXPECT_EQ(read_file(file), bytes);
  write_file_atomically(file, "shorter");
  EXPECT_EQ(read_file(file), "shorter");
  write_file_atomically(file, "");
  EXPECT_EQ(read_file(file), "");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(File, SaysWhatItCannotRead) {
  const TemporaryFolder folder;
  const std::string missing = (folder.path() / "none.json").string();
  EXPECT_EQ(message_of([&] { read_file(missing); }),
            "cannot read " + missing + ": No such file or directory");
  EXPECT_EQ(message_of([&] { read_file(folder.path()); }),
            "cannot read " + folder.path().string() + ": it is a folder");
  const fs::path huge = folder.write("huge", "");
  fs::resize_file(huge, (std::uintmax_t{1} << 30) + 1);  // sparse
  EXPECT_EQ(message_of([&] { read_file(huge); }),
            "cannot read " + huge.string() + ": it is larger than 1073741824 bytes");
}

TEST(File, SaysWhatItCannotWriteAndLeavesNothingBehind) {
  const TemporaryFolder folder;
  const std::string nowhere = (folder.path() / "no" / "a.json").string();
  for (const auto& call : {+[](const std::string& p) { write_file_atomically(p, "x"); },
                           +[](const std::string& p) { check_writable(p); }}) {
    EXPECT_EQ(message_of([&] { call(nowhere); }), "cannot write " + nowhere + ": No such file or directory");
    EXPECT_EQ(message_of([&] { call(folder.path().string()); }),
              "cannot write " + folder.path().string() + ": it is a folder");
    EXPECT_EQ(message_of([&] { call("/dev/null"); }), "cannot write /dev/null: it is not a regular file");
  }
  EXPECT_EQ(folder.entries(), 0U);
}

// A limit on the size of files stands in for a full disk.
TEST(File, KeepsTheOldFileWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("a.json", "old");
  struct rlimit old {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = old;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = message_of([&] { write_file_atomically(file, std::string(100'000, 'x')); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  ::signal(SIGXFSZ, handler);
  EXPECT_EQ(message, "cannot write " + file.string() + ": File too large");
  EXPECT_EQ(read_file(file), "old");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(File, CheckWritableTouchesNothing) {
  const TemporaryFolder folder;
  check_writable(folder.path() / "new.json");
  EXPECT_EQ(folder.entries(), 0U);
  const fs::path file = folder.write("a.json", "old");
  check_writable(file);
  EXPECT_EQ(read_file(file), "old");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(File, FollowsLinksAndKeepsPermissions) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("real.json", "old");
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  const fs::path link = folder.path() / "link.json";
  fs::create_symlink(file, link);
  write_file_atomically(link, "new");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(read_file(file), "new");
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace
}  // namespace traincast
