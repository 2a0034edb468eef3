#include "host/config/load_profile.h"

#include "host/base/file.h"
#include "host/config/json.h"
#include "host/config/profile_rows.h"
#include "host/config/reader.h"

namespace traincast {
namespace {

ProfileDevice read_device(Reader device) {
  return {.backend = device.text_or("backend", ""),
          .name = device.text_or("name", ""),
          .driver = device.text_or("driver", ""),
          .memory = Bytes(device.number_or("memory_bytes", 0, 0)),
          .last_level_cache = Bytes(device.number_or("last_level_cache_bytes", 0, 0)),
          .multiprocessors = static_cast<int>(device.count_or("multiprocessors", 0, 0))};
}

template <typename Row>
void read_rows(Reader& root, std::string_view key, std::vector<Row>& rows, Row (*read)(Reader&)) {
  if (!root.has(key)) return;
  for (Reader& row : root.objects(key)) rows.push_back(read(row));
}

}  // namespace

Profile parse_profile(std::string_view text, const std::filesystem::path& file) {
  Reader root = Reader::from_text(text, file.string());
  Profile profile;
  // First, so that a newer file is refused for its version and not for a key that this program does not know.
  const std::int64_t version = root.count("schema_version", 0);
  if (version != kProfileSchemaVersion) {
    root.fail("schema_version", "this program reads version " + std::to_string(kProfileSchemaVersion) +
                                    " and the file has version " + std::to_string(version));
  }
  profile.name = file.stem().string();
  profile.from = root.provenance();
  profile.gpu = root.text_or("gpu", "");
  profile.tool_version = root.text_or("tool_version", "");
  profile.when = root.text_or("when", "");
  if (auto device = root.object_if("device")) profile.device = read_device(*device);
  profile.libraries = root.text_map_or_none("libraries");
  profile.hosts = root.texts_or_none("hosts");
  profile.communicator = root.text_or("communicator", "");
  profile.ranks = static_cast<int>(root.count_or("ranks", 1));
  profile.nodes = static_cast<int>(root.count_or("nodes", 1));
  profile.devices = root.texts_or_none("devices");
  profile.options = root.text_map_or_none("options");
  profile.telemetry = root.text_or("telemetry", "");
  for (Reader& row : root.objects("ops")) profile.ops.push_back(read_op_row(row));
  for (Reader& row : root.objects("collectives")) profile.collectives.push_back(read_collective_row(row));
  read_rows(root, "host_ops", profile.host_ops, read_host_op_row);
  read_rows(root, "storage", profile.storage, read_storage_row);
  read_rows(root, "slow_devices", profile.slow_devices, read_slow_device);
  read_rows(root, "progress", profile.progress, read_pass_progress);
  root.finish();
  return profile;
}

Profile load_profile(const std::filesystem::path& file) {
  return parse_profile(read_file(file, kMaxJsonBytes), file);
}

Profile load_profile(const ConfigStore& store, std::string_view name_or_path) {
  return load_profile(store.path(ConfigKind::profiles, name_or_path));
}

}  // namespace traincast
