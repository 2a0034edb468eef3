#include "host/config/find.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "host/config/near.h"
#include "tests/unit/config/sample_configs.h"

namespace traincast {
namespace {

TEST(Find, ListsNamesInOrder) {
  const TemporaryFolder folder;
  folder.write("gpus/b.json", "{}");
  folder.write("gpus/a.json", "{}");
  folder.write("gpus/README.md", "");
  folder.write("gpus/.a.json", "");
  const ConfigStore store(folder.path());
  EXPECT_EQ(store.names(ConfigKind::gpus), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(store.names(ConfigKind::runs).empty());
  EXPECT_EQ(store.path(ConfigKind::gpus, "a"), folder.path() / "gpus" / "a.json");
}

TEST(Find, TakesAPathToo) {
  const TemporaryFolder folder;
  const auto file = folder.write("elsewhere/mine.json", "{}");
  const ConfigStore store(folder.path());
  EXPECT_EQ(store.path(ConfigKind::gpus, file.string()), file);
  const std::string missing = (folder.path() / "none.json").string();
  EXPECT_EQ(message_of([&] { store.path(ConfigKind::gpus, missing); }),
            "cannot read " + missing + ": there is no such file; accepted: a .json file");
}

TEST(Find, UnknownNamesShowNearOnes) {
  const TemporaryFolder folder;
  for (const char* file : {"gpus/h100-sxm.json", "gpus/h200-sxm.json", "gpus/a100-sxm-80gb.json"}) {
    folder.write(file, "{}");
  }
  const ConfigStore store(folder.path());
  const std::string where = (folder.path() / "gpus").string();
  const std::string accepted =
      "; accepted: a path that ends in .json, or a name that `traincast list gpus` prints";
  EXPECT_EQ(message_of([&] { store.path(ConfigKind::gpus, "h100-smx"); }),
            "no \"h100-smx\" in " + where + "; near it: h100-sxm" + accepted);
  EXPECT_EQ(message_of([&] { store.path(ConfigKind::gpus, "h100"); }),
            "no \"h100\" in " + where + "; near it: h100-sxm" + accepted);
  EXPECT_EQ(message_of([&] { store.path(ConfigKind::gpus, "../gpus/h100-sxm"); }).find("near it: h100-sxm") ==
                std::string::npos,
            false);
  EXPECT_EQ(message_of([&] { store.path(ConfigKind::gpus, "tpu"); }), "no \"tpu\" in " + where + accepted);
  EXPECT_EQ(message_of([&] { store.path(ConfigKind::gpus, ""); }), "no \"\" in " + where + accepted);
}

TEST(Find, ExplicitFolderBeatsTheVariable) {
  const SampleConfigs one;
  const SampleConfigs two;
  ASSERT_EQ(::setenv("TRAINCAST_CONFIGS", one.folder.path().c_str(), 1), 0);
  EXPECT_EQ(find_configs().root(), one.folder.path());
  EXPECT_EQ(find_configs(two.folder.path().string()).root(), two.folder.path());
  EXPECT_EQ(
      message_of([&] { find_configs("/nowhere"); }),
      "no folder of configs at /nowhere; accepted: a folder with gpus, clusters, models, plans, stacks, "
      "profiles and runs");
  ASSERT_EQ(::setenv("TRAINCAST_CONFIGS", "/nowhere", 1), 0);
  EXPECT_TRUE(message_of([] { find_configs(); }).starts_with("no folder of configs at /nowhere;"));
  ASSERT_EQ(::unsetenv("TRAINCAST_CONFIGS"), 0);
}

TEST(Find, EditDistance) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", "abc"), 0U);
}

}  // namespace
}  // namespace traincast
