// What the keys of each architecture's config mean.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/import/foreign_json.h"
#include "host/model/transformer.h"

namespace traincast {

struct HuggingFaceArchitecture {
  std::string_view name;  // as "architectures" states it
  // Of the object with the language model's keys; appends what a Transformer cannot say, one line each.
  // Throws ConfigError where a key is missing, no whole number, or asks for layers that a Transformer cannot
  // express.
  Transformer (*read)(const ForeignObject& config, std::vector<std::string>& notes);
};
std::span<const HuggingFaceArchitecture> hugging_face_families();

// Why a model of this name or with these keys is none of them: the layers that are missing here, in a few
// words.
std::string missing_layers(const ForeignObject& config, std::string_view architecture);

}  // namespace traincast
