#include "host/validate/nearest.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <vector>

namespace traincast {
namespace {

// "nemo-2025-02" is of the words "nemo", era 2025 and 2/12; "nemo-mlperf-2023" of "nemo" and "mlperf".
struct StackName {
  std::vector<std::string> words;
  double era = 0;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

StackName split_name(const std::string& name) {
  StackName result;
  std::size_t at = 0;
  while (at < name.size()) {
    const std::size_t end = std::min(name.find('-', at), name.size());
    const std::string word = name.substr(at, end - at);
    at = end + 1;
    if (!word.empty() && std::all_of(word.begin(), word.end(), is_digit) && word.size() <= 4) {
      const double number = std::stod(word);
      if (result.era > 0) {
        result.era += number / 12;
        break;
      }
      result.era = number;
    } else if (result.era > 0) {
      break;
    } else if (!word.empty()) {
      result.words.push_back(word);
    }
  }
  return result;
}

std::size_t shared_words(const StackName& a, const StackName& b) {
  std::size_t shared = 0;
  while (shared < std::min(a.words.size(), b.words.size()) && a.words[shared] == b.words[shared]) ++shared;
  return shared;
}

const Stack* nearest_of(const Library& library, const StackName& wanted) {
  const Stack* nearest = nullptr;
  std::size_t most = 1, fewest = 0;
  double closest = 0;
  for (const Stack& stack : library.stacks) {
    const StackName candidate = split_name(stack.name);
    const std::size_t shared = shared_words(wanted, candidate);
    if (candidate.era == 0 || shared < most) continue;
    const std::size_t besides = candidate.words.size() - shared;
    const double apart = std::abs(candidate.era - wanted.era);
    const bool better =
        nearest == nullptr || shared > most || besides < fewest || (besides == fewest && apart < closest);
    if (!better) continue;
    nearest = &stack;
    most = shared;
    fewest = besides;
    closest = apart;
  }
  return nearest;
}

// Whether the plain name stands in the label, not as the start of a longer word ("gpt4" in "GPT-40B").
bool names(const std::string& label, const std::string& part) {
  for (std::size_t end = 1; end <= label.size(); ++end) {
    const std::string before = plain_name(std::string_view(label).substr(0, end));
    if (before.size() < part.size() || before.compare(before.size() - part.size(), part.size(), part) != 0)
      continue;
    if (end == label.size() || std::isalnum(static_cast<unsigned char>(label[end])) == 0) return true;
  }
  return false;
}

}  // namespace

std::string plain_name(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

const Gpu* find_gpu(const Library& library, const std::string& label) {
  for (const Gpu& gpu : library.gpus) {
    if (gpu.name == label || std::find(gpu.aliases.begin(), gpu.aliases.end(), label) != gpu.aliases.end())
      return &gpu;
  }
  const std::string plain = plain_name(label);
  const Gpu* found = nullptr;
  std::size_t longest = 3;  // shorter names say too little
  for (const Gpu& gpu : library.gpus) {
    std::vector<std::string> names = gpu.aliases;
    names.push_back(gpu.name);
    for (const std::string& name : names) {
      const std::string part = plain_name(name);
      if (part.size() <= longest || plain.find(part) == std::string::npos) continue;
      longest = part.size();
      found = &gpu;
    }
  }
  return found;
}

const Stack* find_stack(const Library& library, const std::string& name) {
  for (const Stack& stack : library.stacks) {
    if (stack.name == name) return &stack;
  }
  return nullptr;
}

const Stack* nearest_stack(const Library& library, const std::string& name, int year) {
  StackName wanted = split_name(name);
  if (wanted.era == 0) wanted.era = year;
  if (const Stack* named = nearest_of(library, wanted)) return named;
  wanted.words = {"other"};
  const Stack* other = wanted.era > 0 ? nearest_of(library, wanted) : nullptr;
  return other != nullptr ? other : find_stack(library, "other");
}

const Transformer* named_model(const std::vector<Transformer>& models, const std::string& label) {
  const Transformer* found = nullptr;
  std::size_t longest = 3;
  for (const Transformer& model : models) {
    const std::string part = plain_name(model.name);
    if (part.size() <= longest || !names(label, part)) continue;
    longest = part.size();
    found = &model;
  }
  return found;
}

}  // namespace traincast
