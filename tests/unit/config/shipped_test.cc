// Every file in configs/ loads, and says where its numbers come from.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "host/base/file.h"
#include "host/config/json.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "host/config/load_reliability.h"
#include "host/risk/uncertainty_set.h"

namespace traincast {
namespace {
namespace fs = std::filesystem;

// Calls `check` with each shipped file of each kind; skips the test where nothing is shipped.
void for_each_shipped(const std::function<void(const ConfigStore&, ConfigKind, const std::string&)>& check) {
  if (!fs::is_directory(TRAINCAST_TEST_CONFIGS)) GTEST_SKIP() << "there is no " TRAINCAST_TEST_CONFIGS;
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  for (int i = 0; i < kConfigKinds; ++i) {
    const auto kind = static_cast<ConfigKind>(i);
    for (const std::string& name : store.names(kind)) {
      SCOPED_TRACE(store.path(kind, name).string());
      try {
        check(store, kind, name);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    }
  }
}

void load_one(const ConfigStore& store, ConfigKind kind, const std::string& name) {
  static const std::map<ConfigKind, std::function<std::string(const ConfigStore&, const std::string&)>>
      kLoaders{
          {ConfigKind::gpus, [](auto& s, auto& n) { return load_gpu(s, n).name; }},
          {ConfigKind::clusters, [](auto& s, auto& n) { return load_cluster(s, n).name; }},
          {ConfigKind::models, [](auto& s, auto& n) { return load_transformer(s, n).name; }},
          {ConfigKind::plans, [](auto& s, auto& n) { return load_plan(s, n).name; }},
          {ConfigKind::stacks, [](auto& s, auto& n) { return load_stack(s, n).name; }},
          {ConfigKind::profiles, [](auto& s, auto& n) { return load_profile(s, n).name; }},
          {ConfigKind::runs, [](auto& s, auto& n) { return load_run(s, n).name; }},
          {ConfigKind::reliability,
           [](auto& s, auto& n) { return load_reliability(s, n).from.source.empty() ? std::string() : n; }},
          {ConfigKind::communicators, [](auto& s, auto& n) { return load_communicators(s, n).library; }},
          {ConfigKind::uncertainty, [](auto& s, auto& n) { return load_uncertainty(s, n).name; }}};
  EXPECT_EQ(kLoaders.at(kind)(store, name), name);
}

// A number, or a text that starts like one ("3.35 TB/s"), counts.
bool is_figure(const JsonValue& value) {
  if (value.get<JsonNumber>() != nullptr) return true;
  const auto* text = value.get<std::string>();
  return text != nullptr && !text->empty() && text->find_first_of("0123456789") == 0;
}

// Adds the pointers of figures for which neither an object around them nor their own names a source.
void find_unsourced(const JsonValue& value, const std::string& at, bool sourced,
                    std::vector<std::string>& out) {
  if (const auto* object = value.get<JsonValue::Object>()) {
    for (const JsonMember& member : *object) {
      const auto* text = member.value.get<std::string>();
      sourced = sourced || (member.key == "source" && text != nullptr && text->size() >= 10);
    }
    for (const JsonMember& member : *object) {
      find_unsourced(member.value, at + json_pointer_step(member.key), sourced, out);
    }
  } else if (const auto* list = value.get<JsonValue::Array>()) {
    for (const JsonValue& element : *list) find_unsourced(element, at + "/-", sourced, out);
  } else if (is_figure(value) && !sourced) {
    out.push_back(at);
  }
}

TEST(Shipped, EveryConfigLoads) {
  for_each_shipped(load_one);
}

TEST(Shipped, EveryFigureHasASource) {
  for_each_shipped([](const ConfigStore& store, ConfigKind kind, const std::string& name) {
    const fs::path file = store.path(kind, name);
    std::vector<std::string> unsourced;
    find_unsourced(parse_json(read_file(file), file.string()), "", false, unsourced);
    EXPECT_EQ(unsourced, std::vector<std::string>{});
  });
}

TEST(Shipped, TheSearchForUnsourcedFiguresFindsThem) {
  std::vector<std::string> unsourced;
  find_unsourced(parse_json(R"({"a": 1, "b": {"c": ["3 W"], "source": "short"}, "d": {"e": 1,
                                "source": "a long enough one"}, "f": "text"})",
                            "x.json"),
                 "", false, unsourced);
  EXPECT_EQ(unsourced, (std::vector<std::string>{"/a", "/b/c/-"}));
}

// A misplaced or misspelled file would never be read.
TEST(Shipped, NothingElseLiesInTheFolders) {
  if (!fs::is_directory(TRAINCAST_TEST_CONFIGS)) GTEST_SKIP() << "there is no " TRAINCAST_TEST_CONFIGS;
  for (const std::string_view kind : kConfigKindNames) {
    const fs::path folder = fs::path(TRAINCAST_TEST_CONFIGS) / kind;
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder)) {
      EXPECT_TRUE(entry.path().extension() == ".json" || entry.path().extension() == ".md") << entry.path();
    }
  }
}

}  // namespace
}  // namespace traincast
