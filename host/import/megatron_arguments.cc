#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "host/import/megatron.h"
#include "host/import/shell_arithmetic.h"
#include "host/import/shell_words.h"
#include "host/import/yaml_scalars.h"

namespace traincast {
namespace {

std::string dashed(std::string_view key) {
  std::string out(key);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

// As argparse: the last of several counts.
MegatronArgument& put(MegatronArguments& out, const std::string& key, std::string text, bool conditional) {
  auto [at, fresh] = out.try_emplace(key);
  MegatronArgument& argument = at->second;
  const bool again = !fresh && argument.text == text;
  if (!fresh && !again) argument.overruled.push_back(argument.text);
  argument.conditional = conditional && (!again || argument.conditional);
  argument.text = std::move(text);
  return argument;
}

// Whose keys say nothing of a step, and may have the names of those that do.
bool is_elsewhere(std::string_view section) {
  constexpr std::array<std::string_view, 12> kSections = {
      "exp_manager", "run",        "hydra",      "tokenizer", "sched",   "nsys_profile",
      "logger",      "checkpoint", "validation", "launcher",  "cluster", "env_vars"};
  return std::find(kSections.begin(), kSections.end(), section) != kSections.end();
}

// "model", "optim", "name": the optimiser's own keys keep its name, others their last word.
void put_path(MegatronArguments& out, const std::vector<std::string>& path, const std::string& text) {
  if (std::any_of(path.begin(), path.end() - 1, is_elsewhere)) return;
  const std::string_view section =
      path.size() > 1 ? std::string_view(path[path.size() - 2]) : std::string_view();
  std::string key = dashed(path.back());
  if (key.starts_with("--")) {  // the command line of Megatron-LM's own tests, as a YAML
    put(out, key.substr(2), text, false).typed = true;
    return;
  }
  if (section == "optim" || section == "optimizer") key = "optim-" + key;
  if (section == "data") key = "data-" + key;
  if (section == "run" || section == "trainer") {
    constexpr std::array<std::string_view, 3> kOurs = {"num-nodes", "devices", "precision"};
    if (std::find(kOurs.begin(), kOurs.end(), key) == kOurs.end()) return;
  }
  const auto old = out.find(key);
  const bool inner = old != out.end() && section != "model";
  if (inner && old->second.text != text) {
    old->second.overruled.push_back(text);
    return;
  }
  put(out, key, text, false);
}

// "+training.model.fp8=True", as Hydra takes it.
std::optional<std::vector<std::string>> hydra_path(std::string_view word, std::string& value) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  value = word.substr(equals + 1);
  std::string_view rest = word.substr(0, equals);
  while (!rest.empty() && (rest.front() == '+' || rest.front() == '~')) rest.remove_prefix(1);
  std::vector<std::string> path(1);
  for (const char c : rest) {
    if (c == '.') {
      path.emplace_back();
    } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      path.back() += c;
    } else {
      return std::nullopt;
    }
  }
  const bool empty = std::any_of(path.begin(), path.end(), [](const auto& part) { return part.empty(); });
  return path.size() < 2 || empty ? std::nullopt : std::optional(path);
}

// "/opt/megatron/pretrain_gpt.py"
std::string_view script_of(std::string_view word) {
  if (const std::size_t slash = word.rfind('/'); slash != std::string_view::npos)
    word.remove_prefix(slash + 1);
  return word.ends_with(".py") ? word : std::string_view();
}

bool is_value(const std::vector<ShellWord>& words, std::size_t at) {
  return at < words.size() && !words[at].first && !words[at].text.starts_with("--");
}

MegatronArguments command_line(const std::vector<ShellWord>& words) {
  MegatronArguments out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i].text;
    bool conditional = words[i].conditional;
    std::string value = "true";
    if (!word.starts_with("--") || word.size() < 3) {
      const auto path = hydra_path(word, value);
      if (path) put_path(out, *path, value);
      if (const std::string_view script = script_of(word); !script.empty()) {
        put(out, "the-script", std::string(script), conditional);
      }
      continue;
    }
    word.erase(0, 2);
    if (const std::size_t equals = word.find('='); equals != std::string::npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
    } else if (is_value(words, i + 1)) {
      value = words[++i].text;
      conditional = conditional || words[i].conditional;
      // The lists that say something of a step.
      const std::string key = dashed(word);
      while ((key == "recompute-modules" || key == "rampup-batch-size") && is_value(words, i + 1)) {
        value += " " + words[++i].text;
      }
    }
    put(out, dashed(word), value, conditional).typed = true;
  }
  return out;
}

// "${multiply:4, ${.hidden_size}}", "${divide:a,b}", "${model.hidden_size}" of OmegaConf.
std::optional<std::string> resolved(const MegatronArguments& all, std::string_view text, int depth) {
  constexpr int kDeepest = 8;
  if (!text.starts_with("${")) return std::string(text);
  if (depth == kDeepest || !text.ends_with('}')) return std::nullopt;
  std::string_view body = text.substr(2, text.size() - 3);
  for (const auto& [call, op] : {std::pair<std::string_view, char>{"multiply:", '*'}, {"divide:", '/'}}) {
    if (!body.starts_with(call)) continue;
    body.remove_prefix(call.size());
    const std::size_t comma = body.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    std::string_view second = body.substr(comma + 1);
    while (second.starts_with(' ')) second.remove_prefix(1);
    const auto a = resolved(all, body.substr(0, comma), depth + 1);
    const auto b = resolved(all, second, depth + 1);
    if (!a || !b) return std::nullopt;
    const auto value = shell_arithmetic(*a + op + *b, [](std::string_view) { return std::string(); });
    return value ? std::optional(std::to_string(*value)) : std::nullopt;
  }
  if (const std::size_t dot = body.rfind('.'); dot != std::string_view::npos) body.remove_prefix(dot + 1);
  const auto found = all.find(dashed(body));
  return found == all.end() ? std::nullopt : resolved(all, found->second.text, depth + 1);
}

}  // namespace

MegatronArguments parse_megatron_arguments(std::string_view text) {
  if (!looks_like_yaml(text)) return command_line(shell_words(text));
  MegatronArguments out;
  for (const YamlScalar& scalar : yaml_scalars(text)) put_path(out, scalar.path, scalar.text);
  const MegatronArguments stated = out;
  for (auto& [key, argument] : out) {
    if (auto value = resolved(stated, argument.text, 0)) argument.text = *value;
  }
  return out;
}

void override_megatron_arguments(MegatronArguments& base, const MegatronArguments& over) {
  for (const auto& [key, argument] : over) base[key] = argument;
}

}  // namespace traincast
