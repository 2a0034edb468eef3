#include "host/cli/options.h"

#include <algorithm>
#include <cxxopts.hpp>

#include "host/base/errors.h"
#include "host/config/near.h"

namespace traincast {
namespace {

constexpr const char* kPositional = "positional-words";  // check_words refuses it where it is typed

const OptionSpec* find_option(const std::vector<OptionSpec>& options, std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](const OptionSpec& option) { return option.name == name; });
  return found == options.end() ? nullptr : &*found;
}

[[noreturn]] void refuse_option(const std::vector<OptionSpec>& options, const std::string& word,
                                const std::string& where) {
  std::vector<std::string> names;
  names.reserve(options.size());
  for (const OptionSpec& option : options) names.push_back("--" + std::string(option.name));
  const std::vector<std::string> near = near_names(word, names);
  throw UsageError(
      "unknown option " + word + where + "; " +
      (near.empty() ? "accepted: " + join(names, " ") : "did you mean " + join(near, " or ") + "?"));
}

const std::string* following(const std::vector<std::string>& words, std::size_t i) {
  return i + 1 < words.size() ? &words[i + 1] : nullptr;
}

// The option that a word such as --format=csv names, checked to have a value if and only if it takes one.
// `next` is the word that follows, which can be the value; null where there is none.
const OptionSpec& checked_option(const std::vector<OptionSpec>& options, const std::string& word,
                                 const std::string* next, const std::string& where) {
  const std::size_t equals = word.find('=');
  const std::string dashed = word.substr(0, equals);
  const OptionSpec* option =
      dashed.starts_with("--") ? find_option(options, std::string_view(dashed).substr(2)) : nullptr;
  if (option == nullptr) refuse_option(options, dashed, where);
  if (option->value_name.empty() && equals != std::string::npos) {
    throw UsageError(dashed + " takes no value");
  }
  const bool lacks =
      equals == std::string::npos ? next == nullptr || next->empty() : equals + 1 == word.size();
  if (!option->value_name.empty() && lacks) {
    throw UsageError(dashed + " needs a value: " + dashed + " " + std::string(option->value_name));
  }
  return *option;
}

std::vector<OptionSpec> all_options(const CommandSpec& command) {
  std::vector<OptionSpec> options = command.options;
  options.insert(options.end(), global_options().begin(), global_options().end());
  return options;
}

// Complains in our words about what cxxopts would word differently from version to version.
void check_words(const CommandSpec& command, const std::vector<OptionSpec>& options,
                 const std::vector<std::string>& words) {
  const std::string where = " of traincast " + std::string(command.name);
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (!words[i].starts_with('-') || words[i] == "-") continue;
    if (words[i] == "-h") continue;
    if (!words[i].starts_with("--")) refuse_option(options, words[i], where);
    const OptionSpec& option = checked_option(options, words[i], following(words, i), where);
    if (!option.value_name.empty() && words[i].find('=') == std::string::npos) ++i;
  }
}

void check_values(const std::vector<OptionSpec>& options, const Arguments::Values& given) {
  for (const auto& [name, values] : given) {
    const OptionSpec* option = find_option(options, name);
    if (option == nullptr || option->choices.empty()) continue;
    std::vector<std::string> accepted(option->choices.begin(), option->choices.end());
    for (const std::string& value : values) {
      if (std::find(accepted.begin(), accepted.end(), value) == accepted.end()) {
        throw UsageError(std::string("--").append(name).append(" ").append(value) +
                         " is not accepted; accepted: " + join(accepted, " "));
      }
    }
  }
}

void check_positional(const CommandSpec& command, const std::vector<std::string>& words) {
  const PositionalSpec& spec = command.positional;
  const std::string name(command.name);
  if (words.size() < static_cast<std::size_t>(spec.min)) {
    throw UsageError("traincast " + name + " needs " + std::string(spec.value_name) + " (" +
                     std::string(spec.help) + "); see traincast help " + name);
  }
  if (words.size() > static_cast<std::size_t>(spec.max)) {
    throw UsageError("traincast " + name + " has no use for \"" + words[static_cast<std::size_t>(spec.max)] +
                     "\"; see traincast help " + name);
  }
}

}  // namespace

CommandLine split_command_line(const std::vector<std::string>& words) {
  CommandLine line;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with('-')) {
      line.command = word;
      line.after.assign(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      return line;
    }
    if (word == "--help" || word == "-h") {
      line.help = true;
    } else if (word == "--version") {
      line.version = true;
    } else {
      const OptionSpec& option =
          checked_option(global_options(), word, following(words, i), " before the command");
      line.before.push_back(word);
      if (!option.value_name.empty() && word.find('=') == std::string::npos)
        line.before.push_back(words[++i]);
    }
  }
  return line;
}

Arguments parse_arguments(const CommandSpec& command, const std::vector<std::string>& words) {
  const std::vector<OptionSpec> options = all_options(command);
  check_words(command, options, words);
  cxxopts::Options parser("traincast");
  for (const OptionSpec& option : options) {
    const std::string name = (option.name == "help" ? "h," : "") + std::string(option.name);
    if (option.value_name.empty()) {
      parser.add_options()(name, "");
    } else {
      parser.add_options()(name, "", cxxopts::value<std::string>());
    }
  }
  parser.add_options()(kPositional, "", cxxopts::value<std::vector<std::string>>());
  parser.parse_positional(kPositional);

  // cxxopts 2 takes argc and argv by reference and rearranges them, cxxopts 3 by value; both copy the texts.
  std::vector<std::string> texts = {"traincast"};
  texts.insert(texts.end(), words.begin(), words.end());
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  int argc = static_cast<int>(texts.size());
  char** argv = pointers.data();
  Arguments::Values given;
  std::vector<std::string> positional;
  try {
    const auto result = parser.parse(argc, argv);
    for (const auto& item : result.arguments()) {  // as typed: a list would be split at commas
      if (item.key() == kPositional) {
        positional.push_back(item.value());
      } else {
        given[item.key()].push_back(item.value());
      }
    }
  } catch (const std::exception& error) {  // its exception classes have other names in each version
    throw UsageError(error.what());
  }
  check_values(options, given);
  if (given.find("help") == given.end()) check_positional(command, positional);
  return {std::string(command.name), options, std::move(given), std::move(positional)};
}

}  // namespace traincast
