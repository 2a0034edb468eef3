#include "tests/unit/schemas/config_files.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/claims/claim.h"
#include "host/claims/facts.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "host/config/load_reliability.h"
#include "host/config/step_residuals.h"
#include "host/risk/published_reliability.h"
#include "host/risk/uncertainty_set.h"
#include "host/search/gates.h"
#include "tests/unit/config/temporary.h"
#include "tests/unit/schemas/json_schema.h"

namespace traincast {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

const fs::path kSource = TRAINCAST_TEST_SOURCE;

// Has one file's text in the place of what lies on the disk.
class Replaced : public ConfigSource {
 public:
  Replaced(fs::path file, std::string text) : file_(std::move(file)), text_(std::move(text)) {}
  Reader open(ConfigKind /*kind*/, const fs::path& file) override {
    return file == file_ ? Reader::from_text(text_, file.string()) : Reader::from_file(file);
  }

 private:
  fs::path file_;
  std::string text_;
};

using Load = std::function<void(const ConfigStore&, const std::string&)>;
const std::map<std::string_view, Load>& loaders() {
  static const std::map<std::string_view, Load> kLoaders = {
      {"gpus", [](auto& s, auto& n) { load_gpu(s, n); }},
      {"clusters", [](auto& s, auto& n) { load_cluster(s, n); }},
      {"models", [](auto& s, auto& n) { load_transformer(s, n); }},
      {"plans", [](auto& s, auto& n) { load_plan(s, n); }},
      {"stacks", [](auto& s, auto& n) { load_stack(s, n); }},
      {"runs", [](auto& s, auto& n) { load_run(s, n); }},
      {"reliability", [](auto& s, auto& n) { load_reliability(s, n); }},
      {"communicators", [](auto& s, auto& n) { load_communicators(s, n); }},
      {"uncertainty", [](auto& s, auto& n) { load_uncertainty(s, n); }}};
  return kLoaders;
}

// Kinds that are one file.
const std::map<std::string_view, fs::path> kFileOf = {{"claims", "claims/claims.json"},
                                                      {"facts", "claims/facts.json"},
                                                      {"published-reliability", "published/reliability.json"},
                                                      {"published-residuals", "published/residuals.json"}};

void load_text(std::string_view kind, const std::string& name, const std::string& text) {
  static const TemporaryFolder folder;
  const ConfigStore store(kSource / "configs");
  if (kind == "profiles") {
    parse_profile(text, name + ".json");
  } else if (kind == "gates") {
    load_gates(store, folder.write(name + ".json", text).string());
  } else if (kind == "claims") {
    read_claims(text, name + ".json");
  } else if (kind == "facts") {
    read_facts(Reader::from_text(text, name + ".json"), store);
  } else if (kind == "published-reliability") {
    read_known_reliability(Reader::from_text(text, name + ".json"), store);
  } else if (kind == "published-residuals") {
    read_step_residuals(Reader::from_text(text, name + ".json"));
  } else {
    // The file need only exist: its text comes from memory.
    const fs::path file = folder.write(fs::path(kind) / (name + ".json"), "");
    loaders().at(kind)(store.with(std::make_shared<Replaced>(file, text)), file.string());
  }
}

std::vector<fs::path> json_files(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  return files;
}

const Json& resolved(const Json& root, const std::string& pointer) {
  return root.at(Json::json_pointer(pointer));
}

struct Walk {
  const Json& root;
  std::vector<ClosedObject> found;

  void visit(const std::string& location, const Json& value, const std::string& at) {
    const Json& schema = resolved(root, location);
    if (schema.is_boolean()) return;
    if (schema.contains("$ref")) visit(schema.at("$ref").get<std::string>().substr(1), value, at);
    for (std::size_t i = 0; schema.contains("allOf") && i < schema.at("allOf").size(); ++i) {
      visit(location + "/allOf/" + std::to_string(i), value, at);
    }
    if (schema.contains("if")) {
      const char* branch = schema_errors(schema.at("if"), value).empty() ? "then" : "else";
      if (schema.contains(branch)) visit(location + "/" + branch, value, at);
    }
    if (value.is_object() && schema.value("additionalProperties", Json(true)) == Json(false)) {
      found.push_back({at, location});
    }
    for (auto member = value.begin(); value.is_object() && member != value.end(); ++member) {
      if (schema.contains("properties") && schema.at("properties").contains(member.key())) {
        visit(location + "/properties/" + member.key(), *member, at + "/" + member.key());
      }
    }
    for (std::size_t i = 0; value.is_array() && schema.contains("items") && i < value.size(); ++i) {
      visit(location + "/items", value[i], at + "/" + std::to_string(i));
    }
  }
};

void list_closed(const Json& schema, const std::string& location, std::set<std::string>& out) {
  if (schema.is_object() && schema.value("additionalProperties", Json(true)) == Json(false)) {
    out.insert(location);
  }
  for (auto part = schema.begin(); schema.is_structured() && part != schema.end(); ++part) {
    const std::string step =
        schema.is_object() ? part.key()
                           : std::to_string(static_cast<std::size_t>(std::distance(schema.begin(), part)));
    list_closed(*part, std::string(location).append("/").append(step), out);
  }
}

}  // namespace

std::vector<fs::path> shipped_files(std::string_view kind) {
  const auto file = kFileOf.find(kind);
  if (file != kFileOf.end()) return {kSource / "configs" / file->second};
  return json_files(kSource / "configs" / kind);
}

std::vector<ConfigFile> config_files(std::string_view kind) {
  std::vector<ConfigFile> files;
  for (const auto& paths :
       {shipped_files(kind), json_files(kSource / "tests" / "unit" / "schemas" / "samples" / kind)}) {
    for (const fs::path& path : paths) {
      files.push_back({path.stem().string(), Json::parse(read_file(path))});
    }
  }
  std::sort(files.begin(), files.end(), [](auto& a, auto& b) { return a.name < b.name; });
  return files;
}

Json config_schema(std::string_view kind) {
  return Json::parse(
      read_file(kSource / "share" / "schemas" / ("config-" + std::string(kind) + ".schema.json")));
}

std::string refusal(std::string_view kind, const std::string& name, const Json& value) {
  try {
    load_text(kind, name, value.dump());
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::vector<ClosedObject> closed_objects(const Json& schema, const Json& value) {
  Walk walk{schema, {}};
  walk.visit("", value, "");
  return walk.found;
}

std::set<std::string> closed_locations(const Json& schema) {
  std::set<std::string> out;
  list_closed(schema, "", out);
  return out;
}

}  // namespace traincast
