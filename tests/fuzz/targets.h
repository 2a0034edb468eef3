// Every reader of what people and other programs write, as a function over any bytes. A target returns where
// the bytes are accepted and throws one of our own errors where they are refused; all else (another
// exception, a crash, a hang, a sanitizer's report) is a bug. libfuzzer.cc looks for such bytes, corpus.cc
// repeats those that are kept.
#pragma once

#include <span>
#include <string_view>

namespace traincast::fuzz {

struct Target {
  std::string_view name;  // its folder in corpus/
  void (*run)(std::string_view bytes);
};
std::span<const Target> targets();
const Target* find_target(std::string_view name);  // null: none of that name

// Whether the bytes were accepted.
bool accepts(const Target& target, std::string_view bytes);

// The first line selects what the rest is given to: "gpu\n{...}".
struct Selected {
  std::string_view word, rest;
};
Selected select(std::string_view bytes);

// Fails where what was accepted is not as promised.
void require(bool promise, const char* what);

// configs_target.cc
void read_json(std::string_view bytes);
void read_config(std::string_view bytes);
void read_profile(std::string_view bytes);
// tables_target.cc
void read_published(std::string_view bytes);
void import_hf(std::string_view bytes);
void import_training(std::string_view bytes);
void import_bandwidth(std::string_view bytes);
// words_target.cc
void read_units(std::string_view bytes);
void read_override(std::string_view bytes);
void read_axis(std::string_view bytes);
void read_command_line(std::string_view bytes);

}  // namespace traincast::fuzz
