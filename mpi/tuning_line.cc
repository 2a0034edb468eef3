#include "mpi/tuning_line.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string>

namespace traincast {
namespace {

// In the order of NCCL_ALGO_* and NCCL_PROTO_* (nccl src/include/nccl_tuner.h), 2.23 and newer.
constexpr std::array<std::string_view, 7> kAlgorithms{
    "tree", "ring", "collnet_direct", "collnet_chain", "nvls", "nvls_tree", "pat"};
constexpr std::array<std::string_view, 3> kProtocols{"ll", "ll128", "simple"};

std::string_view word_after(std::string_view line, std::string_view mark) {
  const std::size_t at = line.find(mark);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + mark.size());
  return line.substr(0, line.find_first_of(" \t\r\n"));
}

int number(std::string_view text, int otherwise) {
  int value = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  static_cast<void>(end);
  return error == std::errc() ? value : otherwise;
}

template <std::size_t kSize>
std::string named(std::string_view word, const std::array<std::string_view, kSize>& names) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::find(names.begin(), names.end(), lower) != names.end()) return lower;
  const int index = number(word, -1);
  if (index < 0 || index >= static_cast<int>(kSize)) return "";
  return std::string(names[static_cast<std::size_t>(index)]);
}

}  // namespace

LibraryChoice parse_tuning_log(std::string_view log) {
  const std::size_t last = log.rfind(" Bytes -> Algo ");
  if (last == std::string_view::npos) return {};
  const std::string_view line = log.substr(last, log.find('\n', last) - last);
  LibraryChoice choice;
  choice.algorithm = named(word_after(line, "Algo "), kAlgorithms);
  choice.protocol = named(word_after(line, "proto "), kProtocols);
  const std::string_view range = word_after(line, "={");
  const std::size_t dots = range.find("..");
  if (dots != std::string_view::npos) {
    const int low = number(range, 0);
    const int high = number(range.substr(dots + 2), low - 1);
    choice.channels = std::max(0, high - low + 1);
  }
  return choice;
}

}  // namespace traincast
