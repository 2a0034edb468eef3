// libFuzzer's entry: --target=NAME chooses one of targets.h.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/targets.h"

namespace {
const traincast::fuzz::Target* target = nullptr;
}

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr std::string_view kOption = "--target=";  // libFuzzer leaves words with two dashes alone
  for (int i = 1; i < *argc; ++i) {
    const std::string_view word = (*argv)[i];
    if (word.substr(0, kOption.size()) == kOption) {
      target = traincast::fuzz::find_target(word.substr(kOption.size()));
    }
  }
  if (target == nullptr) {
    std::fputs("needs --target=NAME, one of:", stderr);
    for (const auto& one : traincast::fuzz::targets()) std::fprintf(stderr, " %s", one.name.data());
    std::fputc('\n', stderr);
    std::exit(2);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  traincast::fuzz::accepts(*target, {reinterpret_cast<const char*>(data), size});
  return 0;
}
