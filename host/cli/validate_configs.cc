#include "host/cli/validate_configs.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/base/errors.h"
#include "host/cli/output.h"
#include "host/cli/program.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "host/config/load_reliability.h"
#include "host/config/near.h"
#include "host/risk/uncertainty_set.h"
#include "host/search/gates.h"

namespace traincast {
namespace fs = std::filesystem;
namespace {

using Load = void (*)(const ConfigStore&, const std::string&);
struct Kind {
  std::string_view name;  // of the folder
  Load load;              // throws where the file is refused
};
constexpr std::array<Kind, kConfigKinds + 1> kKinds = {{
    {name(ConfigKind::gpus),
     [](const ConfigStore& store, const std::string& file) { load_gpu(store, file); }},
    {name(ConfigKind::clusters),
     [](const ConfigStore& store, const std::string& file) { load_cluster(store, file); }},
    {name(ConfigKind::models),
     [](const ConfigStore& store, const std::string& file) { load_transformer(store, file); }},
    {name(ConfigKind::plans),
     [](const ConfigStore& store, const std::string& file) { load_plan(store, file); }},
    {name(ConfigKind::stacks),
     [](const ConfigStore& store, const std::string& file) { load_stack(store, file); }},
    {name(ConfigKind::profiles),
     [](const ConfigStore& store, const std::string& file) { load_profile(store, file); }},
    {name(ConfigKind::runs),
     [](const ConfigStore& store, const std::string& file) { load_run(store, file); }},
    {name(ConfigKind::reliability),
     [](const ConfigStore& store, const std::string& file) { load_reliability(store, file); }},
    {name(ConfigKind::communicators),
     [](const ConfigStore& store, const std::string& file) { load_communicators(store, file); }},
    {name(ConfigKind::uncertainty),
     [](const ConfigStore& store, const std::string& file) { load_uncertainty(store, file); }},
    {"gates", [](const ConfigStore& store, const std::string& file) { load_gates(store, file); }},
}};

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  names.reserve(kKinds.size());
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

const Kind* find_kind(std::string_view name) {
  const auto found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& k) { return k.name == name; });
  return found == kKinds.end() ? nullptr : &*found;
}

struct Counts {
  std::int64_t files = 0, refused = 0;
};

class Check {
 public:
  Check(const Arguments& arguments, const ConfigStore& store)
      : store_(store), keeps_(arguments.text("format") == "json") {
    if (!arguments.given("kind")) return;
    kind_ = find_kind(arguments.text("kind"));
    if (kind_ == nullptr) {
      throw UsageError("--kind " + arguments.text("kind") +
                       " is not accepted; accepted: " + join(kind_names(), " "));
    }
  }

  // A file, a folder with all below it that is in a folder of a kind, or with --kind a name.
  void word(const std::string& word) {
    std::error_code error;
    if (!fs::is_directory(word, error)) {
      file(word);
      return;
    }
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(word)) {
      const fs::path& path = entry.path();
      if (path.extension() != ".json" || path.filename().string().starts_with('.')) continue;
      if (kind_ == nullptr && kind_of(path) == nullptr) continue;  // data that no run reads by a name
      found.push_back(path.string());
    }
    std::sort(found.begin(), found.end());
    for (const std::string& path : found) file(path);
  }

  Report report() const {
    Table summary{.key = "kinds", .title = "Configs"};
    summary.columns = {{.key = "kind", .title = "kind", .align = Align::left},
                       {.key = "files", .title = "files"},
                       {.key = "accepted", .title = "accepted"},
                       {.key = "refused", .title = "refused"}};
    Counts all;
    const auto add = [&](std::string_view name, const Counts& counts) {
      summary.rows.push_back({text_cell(name), count_cell(counts.files),
                              count_cell(counts.files - counts.refused), count_cell(counts.refused)});
    };
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      all.files += counts_[i].files;
      all.refused += counts_[i].refused;
      if (counts_[i].files > 0) add(i < kKinds.size() ? kKinds[i].name : "unknown", counts_[i]);
    }
    add("all", all);
    Table refused{.key = "refused", .title = "Refused"};
    refused.columns = {{.key = "file", .title = "file", .align = Align::left},
                       {.key = "reason", .title = "reason", .align = Align::left}};
    refused.rows = refused_;
    Report report{.name = "validate_configs", .tables = {summary}};
    if (keeps_) report.tables.push_back(refused);
    return report;
  }
  bool sound() const {
    return std::all_of(counts_.begin(), counts_.end(), [](const Counts& c) { return c.refused == 0; });
  }

 private:
  static const Kind* kind_of(const fs::path& file) {
    std::error_code error;
    const fs::path whole = fs::absolute(file, error);
    return error ? nullptr : find_kind(whole.parent_path().filename().string());
  }

  void file(const std::string& path) {
    const Kind* kind = kind_ != nullptr ? kind_ : kind_of(path);
    Counts& counts =
        counts_[kind == nullptr ? kKinds.size() : static_cast<std::size_t>(kind - kKinds.data())];
    ++counts.files;
    std::string reason;
    if (kind == nullptr) {
      reason = path + ": its folder tells no kind; accepted: --kind, or a folder of the name " +
               join(kind_names(), " ");
    } else {
      try {
        kind->load(store_, path);
        return;
      } catch (const std::exception& error) {  // one broken file does not hide the others
        reason = message(error);
      }
    }
    ++counts.refused;
    std::fprintf(stderr, "traincast: %s\n", reason.c_str());
    if (keeps_) refused_.push_back({text_cell(path), text_cell(reason)});
  }

  const ConfigStore& store_;
  bool keeps_;
  const Kind* kind_ = nullptr;                      // null: told from the folder
  std::array<Counts, kKinds.size() + 1> counts_{};  // the last: of no kind
  std::vector<std::vector<Cell>> refused_;
};

}  // namespace

int validate_configs(const Arguments& arguments) {
  const ConfigStore store = open_configs(arguments);
  Check check(arguments, store);
  const std::vector<std::string>& words = arguments.positional();
  if (words.size() == 1) check.word(store.root().string());
  for (std::size_t i = 1; i < words.size(); ++i) check.word(words[i]);
  emit(arguments, check.report());
  return check.sound() ? 0 : 2;
}

}  // namespace traincast
