// The JSON that nccl-tests' -J writes (src/util.cu).
#include <cmath>
#include <optional>
#include <utility>

#include "host/base/errors.h"
#include "host/import/foreign_json.h"
#include "host/import/limits.h"
#include "host/import/nccl_tests.h"

namespace traincast {
namespace {

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

// A process drives as many GPUs as it has threads, times those of each.
int gpus_of_a_process(const JsonValue::Object& config, const std::string& file) {
  const double gpus = number_of(config, "nthreads").value_or(1) * number_of(config, "ngpus").value_or(1);
  if (!(gpus >= 1 && gpus <= kMaxGpusOfAProcess) || gpus != std::floor(gpus)) {
    throw ConfigError(file + "#/config: nthreads times ngpus; accepted: a whole number from 1 to " +
                      std::to_string(kMaxGpusOfAProcess));
  }
  return static_cast<int>(gpus);
}

// The JSON lists one device a process, even where a process drives several. Ranks of other groups
// (NCCL_TESTS_SPLIT) have communicators of their own.
NcclTestsRun read_devices(const JsonValue& root, const std::string& file, BandwidthTest& out) {
  NcclTestsRun run;
  const JsonValue* config = member_of(root, "config");
  const JsonValue* devices = config == nullptr ? nullptr : member_of(*config, "devices");
  if (devices == nullptr) devices = member_of(root, "devices");
  const auto* list = devices == nullptr ? nullptr : devices->get<JsonValue::Array>();
  const auto* settings = config == nullptr ? nullptr : config->get<JsonValue::Object>();
  if (settings == nullptr || list == nullptr) return run;
  const int each = gpus_of_a_process(*settings, file);
  bool named = true;  // where one device has no host, none has
  for (const JsonValue& device : *list) {
    const auto* fields = device.get<JsonValue::Object>();
    if (fields == nullptr || number_of(*fields, "group").value_or(0) != 0) continue;
    const JsonValue* host = member_of(device, "hostname");
    const JsonValue* info = member_of(device, "device_info");
    const auto* host_text = host == nullptr ? nullptr : host->get<std::string>();
    const auto* info_text = info == nullptr ? nullptr : info->get<std::string>();
    named = named && host_text != nullptr && !host_text->empty();
    run.ranks += each;
    if (run.ranks > kMaxImportedRanks) {
      throw ConfigError(file + "#/config: too many ranks; accepted: up to " +
                        std::to_string(kMaxImportedRanks));
    }
    if (named) run.hosts.insert(run.hosts.end(), static_cast<std::size_t>(each), *host_text);
    if (out.device.empty() && info_text != nullptr) out.device = *info_text;
  }
  if (!named) run.hosts.clear();
  out.hosts = run.hosts;
  return run;
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
  if (number_of(*figures, "cpu_time")) {
    throw ConfigError(where + "/cpu_time: the time of the host's calls (-C); accepted: a run without -C");
  }
  const double time = number_of(*figures, "time").value_or(0);
  if (size == 0 || time <= 0) return;
  const std::optional<double> wrong = number_of(*figures, "nwrong");
  if (wrong && *wrong > 0) throw ConfigError(where + ": nccl-tests found wrong elements; accepted: none");
  const JsonValue* name = member_of(result, "experiment_name");
  const auto* text = name == nullptr ? nullptr : name->get<std::string>();
  std::optional<Collective> collective = text == nullptr ? std::nullopt : nccl_tests_collective(*text);
  if (!collective && !facts.collective.empty()) collective = collective_from_name(facts.collective);
  if (!collective) {
    throw ConfigError(
        where + "/experiment_name: " + (text == nullptr ? "missing" : "\"" + *text + "\"") +
        "; accepted: AllReduce AllGather ReduceScatter AlltoAll SendRecv, or --collective NAME");
  }
  const JsonValue* type = member_of(result, "type");
  const auto* type_text = type == nullptr ? nullptr : type->get<std::string>();
  CollectiveRow row;
  row.collective = *collective;
  row.message = Bytes(size);
  row.dtype = nccl_tests_type(type_text == nullptr ? "float" : *type_text);
  row.verified = wrong.has_value();
  row.timing.median = Seconds(time * 1e-6);
  add_nccl_row(out, 0, std::move(row), where + ": ");
}

// Versions to 2.19 write "" for the experiment's name; the first word of the command line is the program.
BandwidthTestFacts with_program(const JsonValue& root, BandwidthTestFacts facts) {
  const JsonValue* args = member_of(root, "args");
  const auto* words = args == nullptr ? nullptr : args->get<JsonValue::Array>();
  const auto* program = words == nullptr || words->empty() ? nullptr : words->front().get<std::string>();
  if (program == nullptr) return facts;
  if (const auto collective = nccl_tests_collective(*program)) facts.collective = name(*collective);
  return facts;
}

}  // namespace

BandwidthTest import_nccl_tests_json(std::string_view text, const std::string& file,
                                     const BandwidthTestFacts& facts) {
  const JsonValue root = parse_json(text, file);
  BandwidthTest out;
  const NcclTestsRun run = read_devices(root, file, out);
  const BandwidthTestFacts stated = with_program(root, facts);
  const JsonValue* results = member_of(root, "results");
  const auto* list = results == nullptr ? nullptr : results->get<JsonValue::Array>();
  if (list == nullptr) throw ConfigError(file + "#/results: missing; accepted: the JSON of nccl-tests' -J");
  for (std::size_t i = 0; i < list->size(); ++i) {
    read_result((*list)[i], file + "#/results/" + std::to_string(i), stated, out);
  }
  const auto* members = root.get<JsonValue::Object>();
  if (const auto code = number_of(*members, "nccl_version"); code && *code >= 0 && *code < 1e9) {
    out.nccl_version = nccl_version_text(std::to_string(static_cast<std::int64_t>(*code)));
  }
  if (const JsonValue* start = member_of(root, "start_time")) {
    if (const auto* when = start->get<std::string>()) out.when = *when;
  }
  if (const JsonValue* bounds = member_of(root, "out_of_bounds")) {
    const auto* fields = bounds->get<JsonValue::Object>();
    if (fields != nullptr && number_of(*fields, "count").value_or(0) > 0) {
      throw ConfigError(file + "#/out_of_bounds: nccl-tests found wrong elements; accepted: none");
    }
  }
  finish_nccl_run(out, 0, run, file, facts);
  return out;
}

}  // namespace traincast
