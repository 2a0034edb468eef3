#include <string>

#include "host/base/file.h"
#include "host/config/json.h"
#include "host/config/load_profile.h"

namespace traincast {
namespace {

// One JSON object on one line, member by member.
class Line {
 public:
  Line& text(std::string_view key, std::string_view value) { return raw(key, json_quote(value)); }
  Line& count(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
  Line& number(std::string_view key, double value) { return raw(key, shortest(value)); }
  Line& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  Line& numbers(std::string_view key, const std::vector<double>& values) {
    if (values.empty()) return *this;
    std::string list;
    for (const double value : values) {
      list += list.empty() ? '[' : ',';
      list += shortest(value);
    }
    return raw(key, list + ']');
  }
  Line& raw(std::string_view key, const std::string& json) {
    body_ += body_.empty() ? "{" : ", ";
    body_ += json_quote(key);
    body_ += ": ";
    body_ += json;
    return *this;
  }
  std::string str() const { return body_.empty() ? "{}" : body_ + "}"; }

 private:
  std::string body_;
};

struct OpLine {
  Line& line;
  void operator()(const Gemm& g) const {
    line.text("dtype", name(g.dtype)).text("layout", name(g.layout));
    line.count("m", g.m).count("n", g.n).count("k", g.k);
    if (g.batch != 1) line.count("batch", g.batch);
  }
  void operator()(const GroupedGemm& g) const {
    line.text("dtype", name(g.dtype)).text("layout", name(g.layout)).count("groups", g.groups);
    line.count("m", g.m).count("n", g.n).count("k", g.k);
  }
  void operator()(const Attention& a) const {
    line.text("dtype", name(a.dtype)).text("pass", name(a.pass)).count("batch", a.batch);
    line.count("query_length", a.query_length).count("kv_length", a.kv_length).count("heads", a.heads);
    line.count("kv_heads", a.kv_heads).count("head_dim", a.head_dim).count("value_dim", a.value_dim);
    line.flag("causal", a.causal);
  }
  void operator()(const MemoryBound& op) const {
    line.text("kind", name(op.kind)).text("dtype", name(op.dtype));
    line.count("rows", op.rows).count("columns", op.columns);
  }
};

void add_timing(Line& line, const Timing& timing) {
  if (!timing.skipped.empty()) {
    line.text("skipped", timing.skipped);
    return;
  }
  line.number("median_s", timing.median.value());
  line.numbers("samples_s", timing.samples_s).numbers("rank_medians_s", timing.rank_medians_s);
}

std::string op_line(const OpRow& row) {
  Line line;
  line.text("op", op_class(row.op));
  std::visit(OpLine{line}, row.op);
  add_timing(line, row.timing);
  if (row.sustained) line.flag("sustained", true);
  return line.str();
}

std::string collective_line(const CollectiveRow& row) {
  Line line;
  line.text("collective", name(row.collective)).number("message_bytes", row.message.value());
  line.text("dtype", name(row.dtype)).count("ranks", row.ranks).count("nodes", row.nodes);
  if (!row.algorithm.empty()) line.text("algorithm", row.algorithm);
  if (row.verified) line.flag("verified", true);
  add_timing(line, row.timing);
  return line.str();
}

std::string device_line(const ProfileDevice& device) {
  Line line;
  if (!device.backend.empty()) line.text("backend", device.backend);
  if (!device.name.empty()) line.text("name", device.name);
  if (!device.driver.empty()) line.text("driver", device.driver);
  line.number("memory_bytes", device.memory.value());
  line.number("last_level_cache_bytes", device.last_level_cache.value());
  return line.count("multiprocessors", device.multiprocessors).str();
}

template <typename Rows, typename ToLine>
std::string list(const Rows& rows, ToLine to_line) {
  std::string text;
  for (const auto& row : rows) {
    text += text.empty() ? "[\n    " : ",\n    ";
    text += to_line(row);
  }
  return text.empty() ? "[]" : text + "\n  ]";
}

}  // namespace

std::string profile_text(const Profile& profile) {
  std::string text = "{\n  \"schema_version\": " + std::to_string(profile.schema_version);
  const auto member = [&](std::string_view key, const std::string& json) {
    text += ",\n  ";
    text += json_quote(key);
    text += ": ";
    text += json;
  };
  // A text that is not known is left out: the reader takes no empty texts.
  const auto text_member = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) member(key, json_quote(value));
  };
  text_member("gpu", profile.gpu);
  text_member("tool_version", profile.tool_version);
  text_member("when", profile.when);
  member("device", device_line(profile.device));
  Line libraries;
  for (const auto& [library, version] : profile.libraries) libraries.text(library, version);
  member("libraries", libraries.str());
  std::string hosts;
  for (const std::string& host : profile.hosts) hosts += (hosts.empty() ? "" : ", ") + json_quote(host);
  std::string host_list = "[";
  host_list += hosts;
  member("hosts", host_list += ']');
  text_member("communicator", profile.communicator);
  member("ranks", std::to_string(profile.ranks));
  member("nodes", std::to_string(profile.nodes));
  member("origin", json_quote(name(profile.from.origin)));
  member("source", json_quote(profile.from.source));
  member("ops", list(profile.ops, op_line));
  member("collectives", list(profile.collectives, collective_line));
  return text + "\n}\n";
}

void save_profile(const Profile& profile, const std::filesystem::path& file) {
  const std::string text = profile_text(profile);
  write_file_atomically(file, text);
  static_cast<void>(parse_profile(text, file));
}

}  // namespace traincast
