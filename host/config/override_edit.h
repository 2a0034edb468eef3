// Config files with values set by hand: the tree of a file is changed before the strict Reader sees it, so
// that whatever is set is checked, and refused in the same words, as if the file said it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/config/find.h"
#include "host/config/json.h"

namespace traincast {

struct Edit {
  ConfigKind kind = ConfigKind::runs;
  std::string config;              // name of the one config that is meant; "" for every one of the kind
  std::vector<std::string> steps;  // keys and list indices from the root of the file
  std::string value;               // as typed
  std::string words;               // "cluster.reliability.restart = 5min", for the source and the assumptions
};

// Changes the value at the steps, or adds it where its object lacks it. It becomes a number or a truth where
// it replaces one or reads as one, else a text. Its object's origin becomes `assumed`, its source says what
// was set. Throws ConfigError where the steps lead nowhere.
void apply_edit(JsonValue& root, const Edit& edit, const std::string& file);

// Files parsed once.
class ParsedFiles {
 public:
  std::shared_ptr<const JsonValue> get(const std::filesystem::path& file);

 private:
  std::map<std::filesystem::path, std::shared_ptr<const JsonValue>> files_;
};

// Every Reader that was opened.
struct OpenedConfig {
  ConfigKind kind = ConfigKind::runs;
  std::string config;
  Reader reader;
};

class EditedFiles final : public ConfigSource {
 public:
  // Run files also list `assumptions`.
  EditedFiles(std::shared_ptr<ParsedFiles> files, std::vector<Edit> edits,
              std::vector<std::string> assumptions)
      : files_(std::move(files)), edits_(std::move(edits)), assumptions_(std::move(assumptions)) {}
  Reader open(ConfigKind kind, const std::filesystem::path& file) override;
  const std::vector<OpenedConfig>& opened() const { return opened_; }

 private:
  std::shared_ptr<ParsedFiles> files_;
  std::vector<Edit> edits_;
  std::vector<std::string> assumptions_;
  std::vector<OpenedConfig> opened_;
};

}  // namespace traincast
