#include "host/cli/completion.h"

#include <array>

#include "host/cli/command.h"

namespace traincast {
namespace {

// What a value of that name is; a kind of config is asked of `traincast list`.
struct ValueKind {
  std::string_view value_name;
  std::string_view config_kind;  // "" for files and folders
};
constexpr std::array<ValueKind, 4> kValues = {
    {{"RUN", "runs"}, {"PROFILE", "profiles"}, {"FILE", ""}, {"DIR", ""}}};

const ValueKind* value_kind(std::string_view value_name) {
  for (const ValueKind& kind : kValues) {
    if (kind.value_name == value_name) return &kind;
  }
  return nullptr;
}

std::string words_of(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

std::string command_names() {
  std::vector<std::string_view> names;
  for (const CommandSpec* command : commands()) names.push_back(command->name);
  names.emplace_back("help");
  return words_of(names);
}

std::string option_names(const std::vector<OptionSpec>& options) {
  std::string text;
  for (const OptionSpec& option : options) text.append(text.empty() ? "--" : " --").append(option.name);
  return text;
}

// The bash line that fills COMPREPLY with what a value may be; "" where nobody knows.
std::string bash_values(std::string_view value_name, const std::vector<std::string_view>& choices) {
  if (!choices.empty()) return "COMPREPLY=($(compgen -W '" + words_of(choices) + "' -- \"$cur\"))";
  if (value_name == "DIR") return "COMPREPLY=($(compgen -d -- \"$cur\"))";
  const ValueKind* kind = value_kind(value_name);
  if (kind == nullptr) return "";
  if (kind->config_kind.empty()) return "COMPREPLY=($(compgen -f -- \"$cur\"))";
  return "COMPREPLY=($(compgen -W \"$(_traincast_names " + std::string(kind->config_kind) +
         ")\" -- \"$cur\") $(compgen -f -X '!*.json' -- \"$cur\"))";
}

std::string bash_options(const std::vector<OptionSpec>& options) {
  std::string text;
  for (const OptionSpec& option : options) {
    if (option.value_name.empty()) continue;
    const std::string values = bash_values(option.value_name, option.choices);
    text += "        --" + std::string(option.name) + ") " + (values.empty() ? "" : values + "; ") +
            "return ;;\n";
  }
  return text;
}

std::string bash_command(const CommandSpec& command) {
  std::string text = "    " + std::string(command.name) + ")\n      case $prev in\n" +
                     bash_options(command.options) + "      esac\n";
  text += "      options='" + option_names(command.options) + "'\n";
  const std::string values = bash_values(command.positional.value_name, command.positional.choices);
  if (!values.empty()) text += "      [[ $cur == -* ]] || " + values + "\n";
  return text + "      ;;\n";
}

// Between single quotes of zsh, within [...] or after a colon of _arguments.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

std::string zsh_values(std::string_view value_name, const std::vector<std::string_view>& choices) {
  if (!choices.empty()) return "(" + words_of(choices) + ")";
  if (value_name == "DIR") return "_files -/";
  const ValueKind* kind = value_kind(value_name);
  if (kind == nullptr) return " ";
  return kind->config_kind.empty() ? "_files" : "{_traincast_names " + std::string(kind->config_kind) + "}";
}

std::string zsh_options(const std::vector<OptionSpec>& options) {
  std::string text;
  for (const OptionSpec& option : options) {
    text += " \\\n        '--" + std::string(option.name) + "[" + zsh_text(option.help) + "]";
    if (!option.value_name.empty()) {
      text += ":" + zsh_text(option.value_name) + ":" + zsh_values(option.value_name, option.choices);
    }
    text += "'";
  }
  return text;
}

std::string zsh_command(const CommandSpec& command) {
  std::string text = "    " + std::string(command.name) + ")\n      _arguments" +
                     zsh_options(command.options) + zsh_options(global_options());
  const PositionalSpec& words = command.positional;
  if (!words.value_name.empty()) {
    text += " \\\n        '*:" + zsh_text(words.value_name) + ":" +
            zsh_values(words.value_name, words.choices) + "'";
  }
  return text + "\n      ;;\n";
}

}  // namespace

std::string bash_completion() {
  std::string out =
      "# Completion of traincast for bash; made by: traincast completion bash\n"
      "_traincast_names() { traincast list \"$1\" --format csv 2>/dev/null | tail -n +2 | cut -d, -f2; }\n"
      "_traincast() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= options= i\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    case ${COMP_WORDS[i]} in\n";
  std::string valued;
  for (const OptionSpec& option : global_options()) {
    if (!option.value_name.empty()) valued.append(valued.empty() ? "--" : " | --").append(option.name);
  }
  out += "      " + valued +
         ") i=$((i + 1)) ;;\n"
         "      -*) ;;\n"
         "      *) command=${COMP_WORDS[i]}; break ;;\n"
         "    esac\n"
         "  done\n"
         "  case $prev in\n" +
         bash_options(global_options()) +
         "  esac\n"
         "  case $command in\n"
         "    '') options='" +
         command_names() +
         "' ;;\n"
         "    help) options='" +
         command_names() + " --man' ;;\n";
  for (const CommandSpec* command : commands()) out += bash_command(*command);
  out +=
      "  esac\n"
      "  if [[ $command == '' || $command == help || $cur == -* ]]; then\n"
      "    COMPREPLY+=($(compgen -W \"$options " +
      option_names(global_options()) +
      "\" -- \"$cur\"))\n"
      "  fi\n"
      "}\n"
      "complete -o filenames -F _traincast traincast\n";
  return out;
}

std::string zsh_completion() {
  std::string out =
      "#compdef traincast\n"
      "# Completion of traincast for zsh; made by: traincast completion zsh\n"
      "_traincast_names() {\n"
      "  local -a names\n"
      "  names=(${(f)\"$(traincast list $1 --format csv 2>/dev/null | tail -n +2 | cut -d, -f2)\"})\n"
      "  compadd -a names\n"
      "  _files -g '*.json'\n"
      "}\n"
      "_traincast() {\n"
      "  if (( CURRENT == 2 )); then\n"
      "    local -a commands\n"
      "    commands=(\n";
  for (const CommandSpec* command : commands()) {
    out += "      '" + std::string(command->name) + ":" + zsh_text(command->summary) + "'\n";
  }
  out +=
      "      'help:describe a command, with an example'\n"
      "    )\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $command in\n"
      "    help) compadd " +
      command_names() + " -- --man ;;\n";
  for (const CommandSpec* command : commands()) out += zsh_command(*command);
  return out + "  esac\n}\n_traincast \"$@\"\n";
}

}  // namespace traincast
