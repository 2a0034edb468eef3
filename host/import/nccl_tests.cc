#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "host/base/errors.h"
#include "host/import/bandwidth_tests.h"
#include "host/import/foreign_json.h"
#include "host/import/points.h"
#include "host/import/test_lines.h"

namespace traincast {
namespace {

constexpr std::array<std::pair<std::string_view, Collective>, 10> kPrograms = {{
    {"all_reduce_perf", Collective::all_reduce},
    {"all_gather_perf", Collective::all_gather},
    {"reduce_scatter_perf", Collective::reduce_scatter},
    {"alltoall_perf", Collective::all_to_all},
    {"sendrecv_perf", Collective::send_recv},
    {"AllReduce", Collective::all_reduce},
    {"AllGather", Collective::all_gather},
    {"ReduceScatter", Collective::reduce_scatter},
    {"AlltoAll", Collective::all_to_all},
    {"SendRecv", Collective::send_recv},
}};

std::optional<Collective> collective_of(std::string_view text) {
  if (const std::size_t slash = text.rfind('/'); slash != std::string_view::npos)
    text.remove_prefix(slash + 1);
  for (const auto& [name, collective] : kPrograms) {
    if (text == name) return collective;
  }
  return std::nullopt;
}

// NCCL's names; what has no GEMM counterpart here is timed like one of the same width.
DataType type_of(std::string_view text) {
  if (text == "half") return DataType::fp16;
  if (text == "bfloat16") return DataType::bf16;
  return DataType::fp32;
}

int groups_of(const std::vector<std::string>& hosts) {
  return static_cast<int>(std::set<std::string>(hosts.begin(), hosts.end()).size());
}

Seconds microseconds(double value) {
  return Seconds(value * 1e-6);
}

void finish(BandwidthTest& out, const std::string& file, const BandwidthTestFacts& facts, int ranks) {
  if (ranks == 0) ranks = facts.ranks;
  set_ranks(out, file, ranks, !out.hosts.empty() ? groups_of(out.hosts) : std::max(1, facts.nodes));
  if (out.rows.empty()) {
    throw ConfigError(
        file + ": holds no result of nccl-tests; accepted: the text that it prints or the JSON of its -J");
  }
}

// "#  Rank  0 Group  0 Pid 123 on host device  0 [0000:1b:00] NVIDIA H100 80GB HBM3"
void read_rank_line(const Words& words, BandwidthTest& out) {
  const auto on = std::find(words.begin(), words.end(), "on");
  const auto bracket =
      std::find_if(words.begin(), words.end(), [](std::string_view w) { return w.ends_with(']'); });
  if (on == words.end() || on + 1 == words.end() || bracket == words.end()) return;
  out.hosts.emplace_back(*(on + 1));
  if (!out.device.empty()) return;
  for (auto word = bracket + 1; word != words.end(); ++word) {
    out.device += (out.device.empty() ? "" : " ") + std::string(*word);
  }
}

std::string version_text(std::string_view code) {
  const std::optional<std::int64_t> number = whole_number(code);
  if (!number || *number < 10000) return std::string(code);
  return std::to_string(*number / 10000) + "." + std::to_string(*number / 100 % 100) + "." +
         std::to_string(*number % 100);
}

void read_comment(const Words& words, BandwidthTest& out, std::optional<Collective>& collective) {
  if (words.size() > 1 && words[1] == "Rank") read_rank_line(words, out);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "starting:" && i + 1 < words.size()) collective = collective_of(words[i + 1]);
    constexpr std::string_view kLibrary = "nccl-library=";
    if (words[i].starts_with(kLibrary)) out.nccl_version = version_text(words[i].substr(kLibrary.size()));
  }
}

BandwidthTest read_text(std::string_view text, const std::string& file, const BandwidthTestFacts& facts) {
  BandwidthTest out;
  std::optional<Collective> collective =
      facts.collective.empty() ? std::nullopt : collective_from_name(facts.collective);
  for_each_line(text, [&](int number, std::string_view line) {
    const Words words = split_words(line);
    if (words.empty()) return;
    if (words[0].starts_with('#')) {
      read_comment(words, out, collective);
      return;
    }
    // size count type redop root time algbw busbw #wrong [time algbw busbw #wrong]; other lines are the
    // launcher's.
    const std::optional<std::int64_t> size = whole_number(words[0]);
    if (!size || words.size() < 9) return;
    const std::string where = file + ":" + std::to_string(number) + ": ";
    if (!collective) {
      throw ConfigError(where +
                        "the text does not say which collective this is; accepted: --collective NAME");
    }
    const std::optional<double> time = real_number(words[5]);
    if (!time) throw ConfigError(where + "time \"" + std::string(words[5]) + "\"; accepted: microseconds");
    if (*size == 0 || *time <= 0) return;
    const std::optional<double> wrong = real_number(words[8]);
    if (wrong && *wrong > 0) {
      throw ConfigError(where + "nccl-tests found " + std::string(words[8]) + " wrong elements; accepted: 0");
    }
    CollectiveRow row;
    row.collective = *collective;
    row.message = Bytes(static_cast<double>(*size));
    row.dtype = type_of(words[2]);
    row.verified = wrong.has_value();
    row.timing.median = microseconds(*time);
    add_point(out, std::move(row), where);
  });
  finish(out, file, facts, static_cast<int>(out.hosts.size()));
  return out;
}

std::optional<double> number_of(const JsonValue::Object& members, std::string_view key) {
  for (const JsonMember& member : members) {
    if (member.key != key) continue;
    if (const auto* number = member.value.get<JsonNumber>()) return number->value;
  }
  return std::nullopt;
}

const JsonValue* member_of(const JsonValue& value, std::string_view key) {
  const auto* members = value.get<JsonValue::Object>();
  if (members == nullptr) return nullptr;
  for (const JsonMember& member : *members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

// The number of ranks. The JSON lists one device a process, even where a process drives several. Where one of
// them has no host, none has.
int read_devices(const JsonValue& root, BandwidthTest& out) {
  const JsonValue* config = member_of(root, "config");
  const JsonValue* devices = config == nullptr ? nullptr : member_of(*config, "devices");
  if (devices == nullptr) devices = member_of(root, "devices");
  const auto* list = devices == nullptr ? nullptr : devices->get<JsonValue::Array>();
  const auto* settings = config == nullptr ? nullptr : config->get<JsonValue::Object>();
  if (settings == nullptr || list == nullptr) return 0;
  const double each =
      number_of(*settings, "nthreads").value_or(1) * number_of(*settings, "ngpus").value_or(1);
  int ranks = 0;
  bool named = true;
  for (const JsonValue& device : *list) {
    const JsonValue* host = member_of(device, "hostname");
    const JsonValue* info = member_of(device, "device_info");
    const auto* host_text = host == nullptr ? nullptr : host->get<std::string>();
    const auto* info_text = info == nullptr ? nullptr : info->get<std::string>();
    named = named && host_text != nullptr && !host_text->empty();
    for (int i = 0; i < each && ranks < 1'000'000; ++i, ++ranks) {
      if (named) out.hosts.push_back(*host_text);
    }
    if (out.device.empty() && info_text != nullptr) out.device = *info_text;
  }
  if (!named) out.hosts.clear();
  return ranks;
}

void read_result(const JsonValue& result, const std::string& where, const BandwidthTestFacts& facts,
                 BandwidthTest& out) {
  const auto* members = result.get<JsonValue::Object>();
  const JsonValue* body = member_of(result, "out_of_place");
  if (body == nullptr || body->get<JsonValue::Object>() == nullptr) body = member_of(result, "in_place");
  const auto* figures = body == nullptr ? nullptr : body->get<JsonValue::Object>();
  if (members == nullptr || figures == nullptr)
    throw ConfigError(where + ": no out_of_place or in_place object");
  const double size = number_of(*members, "size").value_or(0);
  const double time = number_of(*figures, "time").value_or(0);
  if (size == 0 || time <= 0) return;
  const std::optional<double> wrong = number_of(*figures, "nwrong");
  if (wrong && *wrong > 0) throw ConfigError(where + ": nccl-tests found wrong elements; accepted: none");
  const JsonValue* name = member_of(result, "experiment_name");
  const auto* text = name == nullptr ? nullptr : name->get<std::string>();
  std::optional<Collective> collective = text == nullptr ? std::nullopt : collective_of(*text);
  if (!collective && !facts.collective.empty()) collective = collective_from_name(facts.collective);
  if (!collective) throw ConfigError(where + "/experiment_name: unknown; accepted: --collective NAME");
  const JsonValue* type = member_of(result, "type");
  const auto* type_text = type == nullptr ? nullptr : type->get<std::string>();
  CollectiveRow row;
  row.collective = *collective;
  row.message = Bytes(size);
  row.dtype = type_of(type_text == nullptr ? "float" : *type_text);
  row.verified = wrong.has_value();
  row.timing.median = microseconds(time);
  add_point(out, std::move(row), where + ": ");
}

BandwidthTest read_json(std::string_view text, const std::string& file, const BandwidthTestFacts& facts) {
  const JsonValue root = parse_json(text, file);
  BandwidthTest out;
  const int ranks = read_devices(root, out);
  const JsonValue* results = member_of(root, "results");
  const auto* list = results == nullptr ? nullptr : results->get<JsonValue::Array>();
  if (list == nullptr) throw ConfigError(file + "#/results: missing; accepted: the JSON of nccl-tests' -J");
  for (std::size_t i = 0; i < list->size(); ++i) {
    read_result((*list)[i], file + "#/results/" + std::to_string(i), facts, out);
  }
  const auto* members = root.get<JsonValue::Object>();
  if (const auto code = number_of(*members, "nccl_version"); code && *code >= 0 && *code < 1e9) {
    out.nccl_version = version_text(std::to_string(static_cast<std::int64_t>(*code)));
  }
  if (const JsonValue* start = member_of(root, "start_time")) {
    if (const auto* when = start->get<std::string>()) out.when = *when;
  }
  finish(out, file, facts, ranks);
  return out;
}

}  // namespace

BandwidthTest import_nccl_tests(std::string_view text, const std::string& file,
                                const BandwidthTestFacts& facts) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{' ? read_json(text, file, facts)
                                                               : read_text(text, file, facts);
}

void merge_points(Profile& profile, const std::string& gpu, const std::vector<CollectiveRow>& rows) {
  if (!profile.gpu.empty() && !gpu.empty() && profile.gpu != gpu) {
    throw ConfigError("profile " + profile.name + " describes " + profile.gpu + ", the points are of " + gpu +
                      "; accepted: one GPU a profile");
  }
  for (const CollectiveRow& row : rows) {
    const auto twin =
        std::find_if(profile.collectives.begin(), profile.collectives.end(), [&](const CollectiveRow& old) {
          return old.collective == row.collective && old.message == row.message && old.dtype == row.dtype &&
                 old.ranks == row.ranks && old.nodes == row.nodes;
        });
    if (twin == profile.collectives.end()) {
      profile.collectives.push_back(row);
    } else {
      *twin = row;
    }
  }
  if (profile.gpu.empty()) profile.gpu = gpu;
}

}  // namespace traincast
