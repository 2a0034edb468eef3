// A Hugging Face config.json as a Transformer. What each architecture's keys mean: the configuration and
// modelling files of the transformers library, and those that the model repositories carry themselves
// (Grok-1, Kimi K2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/model/transformer.h"

namespace traincast {

struct HuggingFaceOptions {
  std::int64_t sequence =
      0;                  // tokens of a training sequence; 0: the config's context, at most kImportedSequence
  double parameters = 0;  // as published; refused where the shape differs by more than 1 %; 0: not checked
  double active_parameters = 0;  // likewise; with or without the input's embedding
};

// Contexts were extended after most of the training; pre-training sequences of published models are rarely
// longer.
inline constexpr std::int64_t kImportedSequence = 8192;

struct ImportedModel {
  Transformer model;  // `name` is empty
  std::string architecture;
  std::vector<std::string> notes;  // what the config says and a Transformer cannot, one line each
};

// `file` names the text in messages. Throws ConfigError of one line: the text is not JSON, a key is missing
// or no whole number, or the architecture is unknown, by its name and with the names that are known.
ImportedModel import_hugging_face(std::string_view text, const std::string& file,
                                  const HuggingFaceOptions& options);

// Of a token, the input's embedding included where the output has a table of its own: what some cards count.
double active_parameters_with_table(const Transformer& model);

// Names of the architectures that can be imported, as "architectures" states them.
std::vector<std::string> hugging_face_architectures();

}  // namespace traincast
