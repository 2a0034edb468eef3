#include <array>
#include <filesystem>
#include <vector>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/cli/command.h"
#include "host/cli/output.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "host/config/near.h"
#include "host/config/read_parts.h"
#include "host/import/bandwidth_tests.h"
#include "host/import/hugging_face.h"
#include "host/import/megatron.h"
#include "host/import/model_json.h"
#include "host/measure/devices.h"
#include "host/model/parameters.h"

namespace traincast {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_of(const Arguments& arguments, std::size_t most) {
  std::vector<std::string> files(arguments.positional().begin() + 1, arguments.positional().end());
  if (files.empty() || files.size() > most) {
    throw UsageError("import " + arguments.positional().front() + " takes " +
                     (most == 1 ? "one file" : "one file or more") + ", " + std::to_string(files.size()) +
                     " given");
  }
  return files;
}

std::string out_file(const Arguments& arguments) {
  if (!arguments.given("out")) throw UsageError("import needs --out FILE.json: what it makes is a config");
  std::string out = arguments.text("out");
  if (!out.ends_with(".json"))
    throw UsageError("--out " + out + " is not accepted; accepted: a name that ends in .json");
  for (const std::string& file : arguments.positional()) {
    std::error_code error;
    if (fs::equivalent(file, out, error))
      throw UsageError("--out " + out + " is the file to read; accepted: another");
  }
  return out;
}

// What read_transformer says of a text, before it takes the place of anything: every other command must
// accept it.
Transformer checked_model(const std::string& text, const fs::path& file) {
  return read_transformer(Reader::from_text(text, file.string()), file.stem().string());
}

std::string model_summary(const Transformer& model) {
  const auto billions = [](double count) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.4g B", count / 1e9);
    return std::string(text);
  };
  const double with_table = active_parameters_with_table(model);
  const bool differ = model.moe && with_table != active_parameters(model);
  return billions(parameters(model)) + " parameters, " + billions(active_parameters(model)) + " active" +
         (differ ? " (" + billions(with_table) + " with the input's embedding)" : "") + ", sequence " +
         std::to_string(model.sequence);
}

int import_hf(const Arguments& arguments) {
  arguments.refuse({"gpus", "vocab", "stack", "gpu", "collective", "ranks", "nodes"});
  const std::string file = files_of(arguments, 1).front();
  const fs::path out = out_file(arguments);
  HuggingFaceOptions options;
  if (arguments.given("sequence")) options.sequence = arguments.count("sequence", 1, 1'000'000'000);
  if (arguments.given("parameters")) options.parameters = arguments.number("parameters", 1, 1e18);
  if (arguments.given("active-parameters")) {
    options.active_parameters = arguments.number("active-parameters", 1, 1e18);
  }
  ImportedModel imported = import_hugging_face(read_file(file), file, options);
  imported.model.from = {Origin::published, "Hugging Face config " + fs::path(file).filename().string() +
                                                ", architecture " + imported.architecture};
  const std::string text = model_json(imported.model, imported.notes);
  const Transformer model = checked_model(text, out);
  write_file_atomically(out, text);
  for (const std::string& note : imported.notes) notice(arguments, note);
  notice(arguments, out.string() + ": " + model_summary(model));
  return 0;
}

int import_megatron_file(const Arguments& arguments) {
  arguments.refuse({"sequence", "parameters", "active-parameters", "gpu", "collective", "ranks", "nodes"});
  const std::vector<std::string> files = files_of(arguments, 100);
  const std::string& file = files.back();
  const fs::path out = out_file(arguments);
  const fs::path plan_out = fs::path(out).replace_extension("").string() + ".plan.json";
  const ConfigStore store = open_configs(arguments);
  MegatronOptions options{.stack = arguments.text("stack")};
  load_stack(store, options.stack);  // names near ones where there is none
  if (arguments.given("gpus")) options.gpus = arguments.count("gpus", 1, 1'000'000'000);
  if (arguments.given("vocab")) options.vocab = arguments.count("vocab", 1, 1'000'000'000);
  MegatronArguments all;
  for (const std::string& one : files)
    override_megatron_arguments(all, parse_megatron_arguments(read_file(one)));
  ImportedTraining imported = import_megatron(all, file, options);
  std::string names;
  for (const std::string& one : files)
    names += (names.empty() ? "" : ", ") + fs::path(one).filename().string();
  const Provenance from{Origin::published, "Megatron-LM arguments in " + names};
  imported.model.from = from;
  imported.plan.from = from;
  const std::string model_text = model_json(imported.model, {});
  const std::string plan_text = plan_json(imported.plan, imported.notes);
  const Transformer model = checked_model(model_text, out);
  read_plan(Reader::from_text(plan_text, plan_out.string()), plan_out.stem().string(), store);
  write_files_atomically(std::vector<FileText>{{out, model_text}, {plan_out, plan_text}});
  for (const std::string& note : imported.notes) notice(arguments, note);
  notice(arguments, out.string() + ": " + model_summary(model));
  notice(arguments, plan_out.string() + ": " + std::to_string(imported.plan.gpus()) + " GPUs");
  return 0;
}

using ReadTest = BandwidthTest (*)(std::string_view, const std::string&, const BandwidthTestFacts&);

Profile new_profile(const BandwidthTest& test, const fs::path& file, const std::string& what) {
  Profile profile;
  profile.name = file.stem().string();
  profile.when = test.when;
  profile.device.backend = "cuda";
  profile.device.name = test.device;
  profile.communicator = test.communicator;
  profile.hosts = test.hosts;
  if (!test.nccl_version.empty()) profile.libraries.emplace_back("NCCL", test.nccl_version);
  profile.from = {Origin::measured, what};
  return profile;
}

// What a file says itself is what its rows hold.
void check_facts(const BandwidthTest& test, const BandwidthTestFacts& facts, const std::string& file) {
  const auto refuse = [&](const std::string& has, const std::string& option) {
    throw UsageError(file + " is of " + has + ", not of the " + option + " given; accepted: " + option +
                     " where a file does not say it");
  };
  for (const CollectiveRow& row : test.rows) {
    if (!facts.collective.empty() && facts.collective != name(row.collective)) {
      refuse(std::string(name(row.collective)), "--collective");
    }
    if (facts.ranks > 0 && row.ranks != facts.ranks) refuse(std::to_string(row.ranks) + " ranks", "--ranks");
    if (facts.nodes > 0 && row.nodes != facts.nodes) refuse(std::to_string(row.nodes) + " nodes", "--nodes");
  }
}

// The config that the points are of; "" where neither the file nor the command line says.
std::string gpu_of(const Arguments& arguments, const ConfigStore& store, const std::string& device,
                   const std::string& file) {
  DeviceInfo info;
  info.backend = "cuda";
  info.name = device;
  std::string known = device.empty() ? "" : gpu_config_of(store, info);
  if (arguments.given("gpu")) {
    const Gpu gpu = load_gpu(store, arguments.text("gpu"));
    if (!known.empty() && !describes(gpu, device)) {
      throw UsageError(file + " measured \"" + device + "\", which is " + known + " and not the " + gpu.name +
                       " of --gpu; accepted: --gpu where a file does not name it");
    }
    return gpu.name;
  }
  if (known.empty() && !device.empty()) {
    throw UsageError(file + " measured \"" + device + "\", which no GPU config has among its aliases" +
                     "; accepted: --gpu NAME of " + join(store.names(ConfigKind::gpus), " "));
  }
  return known;
}

int import_tests(const Arguments& arguments, ReadTest read, const std::string& what) {
  arguments.refuse({"sequence", "parameters", "active-parameters", "gpus", "vocab", "stack"});
  const fs::path out = out_file(arguments);
  const ConfigStore store = open_configs(arguments);
  BandwidthTestFacts facts{.collective = arguments.text("collective")};
  if (!facts.collective.empty() && !collective_from_name(facts.collective)) {
    throw UsageError("--collective " + facts.collective +
                     " is not accepted; accepted: all_reduce all_gather reduce_scatter all_to_all send_recv");
  }
  if (arguments.given("ranks")) facts.ranks = static_cast<int>(arguments.count("ranks", 2, 10'000'000));
  if (arguments.given("nodes")) facts.nodes = static_cast<int>(arguments.count("nodes", 1, 10'000'000));
  if (facts.ranks > 0 && facts.nodes > facts.ranks) {
    throw UsageError("--nodes " + std::to_string(facts.nodes) + " is not accepted; accepted: up to the " +
                     std::to_string(facts.ranks) + " ranks");
  }
  std::optional<Profile> profile;
  if (fs::exists(out)) profile = load_profile(out);
  for (const std::string& file : files_of(arguments, 1'000'000)) {
    const BandwidthTest test = read(read_file(file), file, facts);
    check_facts(test, facts, file);
    const std::string gpu = gpu_of(arguments, store, test.device, file);
    if (gpu.empty() && !profile) {
      throw UsageError(file + " does not say which GPU it measured; accepted: --gpu NAME of " +
                       join(store.names(ConfigKind::gpus), " "));
    }
    if (gpu.empty()) notice(arguments, file + " names no GPU: taken for " + profile->gpu);
    const std::string origin = what + " " + fs::path(file).filename().string();
    if (!profile) {
      profile = new_profile(test, out, origin);
    } else if (profile->from.source.find(origin) == std::string::npos) {
      profile->from.source += "; " + origin;
    }
    try {
      merge_points(*profile, gpu, test.rows);
    } catch (const ConfigError& error) {
      throw ConfigError(file + ": " + error.what());
    }
    for (const CollectiveRow& row : test.rows) {
      profile->ranks = std::max(profile->ranks, row.ranks);
      profile->nodes = std::max(profile->nodes, row.nodes);
    }
    notice(arguments, file + ": " + std::to_string(test.rows.size()) + " points of " +
                          std::to_string(test.rows[0].ranks) + " ranks on " +
                          std::to_string(test.rows[0].nodes) + " nodes");
  }
  static_cast<void>(parse_profile(profile_text(*profile), out));  // as every other command will
  save_profile(*profile, out);
  notice(arguments, out.string() + ": " + std::to_string(profile->collectives.size()) +
                        " collective points of " + profile->gpu);
  return 0;
}

struct Kind {
  std::string_view name;
  int (*run)(const Arguments&);
};
constexpr std::array<Kind, 4> kKinds = {{
    {"hf", import_hf},
    {"megatron-args", import_megatron_file},
    {"nccl-tests", [](const Arguments& a) { return import_tests(a, import_nccl_tests, "nccl-tests:"); }},
    {"osu", [](const Arguments& a) { return import_tests(a, import_osu, "OSU micro-benchmarks:"); }},
}};

int run_import(const Arguments& arguments) {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) {
    if (kind.name == arguments.positional().front()) return kind.run(arguments);
    names.emplace_back(kind.name);
  }
  throw UsageError("unknown kind \"" + arguments.positional().front() + "\"; accepted: " + join(names, " "));
}

}  // namespace

extern const CommandSpec kImportCommand;
const CommandSpec kImportCommand{
    .name = "import",
    .summary = "make configs of other programs' files: Hugging Face, Megatron-LM, nccl-tests, OSU",
    .details =
        "import hf config.json               a model\n"
        "import megatron-args FILE...        a model, and a plan beside it (OUT.plan.json): a script or list "
        "of\n"
        "                                    arguments, or YAML; a later file changes what an earlier one "
        "says\n"
        "import nccl-tests FILE...           collective points of a profile, from its text or its JSON\n"
        "import osu FILE...                  likewise, from the OSU micro-benchmarks\n"
        "Points are added to the profile that --out names, if it is there; another GPU's are refused.",
    .example = "traincast import hf config.json --out llama.json --parameters 8.03e9",
    .options = {{"sequence", "TOKENS",
                 "hf: of a training sequence; the context, at most 8192, where not given", ""},
                {"parameters", "COUNT", "hf: as published; refused where the shape has 1 % more or fewer",
                 ""},
                {"active-parameters", "COUNT", "hf: likewise, of a token, with or without its embedding", ""},
                {"gpus", "COUNT", "megatron-args: the world size", ""},
                {"vocab", "COUNT", "megatron-args: words, where a tokenizer has them and not the file", ""},
                {"stack", "NAME", "megatron-args: the software stack of the plan", "megatron-core-2024"},
                {"gpu", "NAME", "nccl-tests, osu: the GPU, where the file names none that is known", ""},
                {"collective", "NAME", "nccl-tests, osu: where the file does not name it", ""},
                {"ranks", "COUNT", "nccl-tests, osu: where the file does not list them", ""},
                {"nodes", "COUNT", "nccl-tests, osu: likewise", ""}},
    .positional = {"KIND FILE ...", "hf, megatron-args, nccl-tests or osu; then the file", 1, 1'000'000},
    .ranks = Ranks::one,
    .run = run_import};

}  // namespace traincast
