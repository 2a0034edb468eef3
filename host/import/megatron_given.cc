#include "host/import/megatron_given.h"

#include <charconv>

#include "host/base/errors.h"
#include "host/config/near.h"
#include "host/config/reader.h"
#include "host/import/megatron_effects.h"

namespace traincast {
namespace {

bool is_none(const std::string& text) {
  return text.empty() || text == "None" || text == "none" || text == "null";
}

// A hostile file may have any number of them.
std::string listed(std::vector<std::string> names) {
  constexpr std::size_t kMost = 100;
  if (names.size() <= kMost) return join(names, ", ");
  const std::string more = std::to_string(names.size() - kMost);
  names.resize(kMost);
  return join(names, ", ") + " and " + more + " more";
}

std::string shown(std::string_view key, const MegatronArgument& argument) {
  const std::string text = argument.text == "true" ? "" : " " + argument.text.substr(0, 40);
  return "--" + std::string(key) + text;
}

}  // namespace

const MegatronArgument* Given::find(std::string_view key) const {
  const auto found = arguments_.find(key);
  if (found == arguments_.end()) return nullptr;
  asked_.emplace(key);
  return &found->second;
}

bool Given::has(std::string_view key) const {
  const MegatronArgument* found = find(key);
  return found != nullptr && !is_none(found->text);
}

bool Given::flag(std::string_view key) const {
  const MegatronArgument* found = find(key);
  return found != nullptr && !is_none(found->text) && found->text != "false" && found->text != "False";
}

bool Given::typed(std::string_view key) const {
  return has(key) && find(key)->typed;
}

std::string Given::text(std::string_view key) const {
  const MegatronArgument* found = find(key);
  return found == nullptr ? "" : found->text;
}

std::int64_t Given::count_or(std::initializer_list<std::string_view> keys, std::int64_t fallback) const {
  for (const std::string_view key : keys) {
    if (!has(key)) continue;
    const std::string text = this->text(key);
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || value < 0 || value > kMaxCount) {
      const bool variable = text.find('$') != std::string::npos;
      fail(key, "\"" + text + "\"" + (variable ? ", which the file sets nowhere" : "") +
                    "; accepted: a whole number from 0 to " + std::to_string(kMaxCount));
    }
    return value;
  }
  return fallback;
}

std::int64_t Given::count(std::initializer_list<std::string_view> keys) const {
  const std::int64_t value = count_or(keys, -1);
  if (value < 1)
    fail(*keys.begin(), (value < 0 ? "missing" : "0") + std::string("; accepted: a whole number from 1"));
  return value;
}

std::int64_t Given::degree(std::initializer_list<std::string_view> keys) const {
  constexpr std::int64_t kMaxDegree = 10'000;  // four of them multiplied fit 64 bits
  const std::int64_t value = count_or(keys, 1);
  if (value < 1 || value > kMaxDegree) {
    fail(*keys.begin(),
         std::to_string(value) + "; accepted: a whole number from 1 to " + std::to_string(kMaxDegree));
  }
  return value;
}

void Given::fail(std::string_view key, const std::string& what) const {
  throw ConfigError(file_ + ": --" + std::string(key) + ": " + what);
}

void Given::fail_all(const std::string& what) const {
  throw ConfigError(file_ + ": " + what);
}

std::vector<std::string> Given::remarks() const {
  std::vector<std::string> notes, conditional, unknown;
  std::map<MegatronEffect, std::vector<std::string>> left_out;
  for (const auto& [key, argument] : arguments_) {
    const bool off = argument.text == "false" || argument.text == "False" || argument.text == "0" ||
                     is_none(argument.text);
    if (asked_.find(key) != asked_.end()) {
      if (argument.conditional && key != "the-script") conditional.push_back(shown(key, argument));
      if (!argument.overruled.empty() && key != "the-script") {
        notes.push_back("--" + key + " is given as " + join(argument.overruled, ", ") + " and " +
                        argument.text + ": " + argument.text + " taken.");
      }
    } else if (const MegatronEffect effect = megatron_effect(key); off) {
      continue;
    } else if (effect == MegatronEffect::unknown) {
      unknown.push_back(shown(key, argument));
    } else if (effect != MegatronEffect::none) {
      left_out[effect].push_back(shown(key, argument));
    }
  }
  if (!conditional.empty()) {
    notes.push_back("Under a condition in the script, and taken: " + listed(conditional) + ".");
  }
  for (const auto& [effect, names] : left_out) {
    notes.push_back(std::string(describe(effect)) + ": " + listed(names) + ".");
  }
  if (!unknown.empty()) {
    notes.push_back(
        "Unknown here, and left out though time or memory may depend on them: " + listed(unknown) + ".");
  }
  return notes;
}

}  // namespace traincast
