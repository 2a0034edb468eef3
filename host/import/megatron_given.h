// Megatron's arguments while they are read: what was asked for is remembered, so that the rest can be named.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/import/megatron.h"

namespace traincast {

class Given {
 public:
  Given(const MegatronArguments& arguments, const std::string& file) : arguments_(arguments), file_(file) {}

  bool has(std::string_view key) const;
  bool flag(std::string_view key) const;   // there, and not "false"
  bool typed(std::string_view key) const;  // there, as "--key" of a command line
  std::string text(std::string_view key) const;
  // The first of these that is there: Megatron-LM, NeMo and their versions name one thing in several ways.
  std::int64_t count_or(std::initializer_list<std::string_view> keys, std::int64_t fallback) const;
  std::int64_t count(
      std::initializer_list<std::string_view> keys) const;  // at least 1; refused where missing
  std::int64_t degree(std::initializer_list<std::string_view> keys) const;  // 1 where missing; up to 10,000
  [[noreturn]] void fail(std::string_view key, const std::string& what) const;
  [[noreturn]] void fail_all(const std::string& what) const;

  // One line each: arguments chosen among several, taken though they stand under a condition, left out,
  // unknown.
  std::vector<std::string> remarks() const;

 private:
  const MegatronArgument* find(std::string_view key) const;

  const MegatronArguments& arguments_;
  const std::string& file_;
  mutable std::set<std::string, std::less<>> asked_;
};

}  // namespace traincast
