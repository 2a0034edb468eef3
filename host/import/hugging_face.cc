#include "host/import/hugging_face.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "host/base/errors.h"
#include "host/config/near.h"
#include "host/import/foreign_json.h"
#include "host/import/hugging_face_families.h"
#include "host/model/parameters.h"

namespace traincast {
namespace {

const HuggingFaceArchitecture& find_architecture(const ForeignObject& config) {
  const std::vector<std::string> stated = config.texts("architectures");
  const std::string kind = stated.empty() ? "" : stated.front();
  const auto known = hugging_face_families();
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const HuggingFaceArchitecture& one) { return one.name == kind; });
  if (found != known.end()) return *found;
  const std::string type = config.text_or("model_type", "");
  config.fail("architectures",
              (kind.empty() ? "names no architecture" : "unknown architecture \"" + kind + "\"") +
                  (type.empty() ? "" : " (model_type \"" + type + "\")") + ": missing here: " +
                  missing_layers(config, kind) + "; accepted: " + join(hugging_face_architectures(), " "));
}

// Texts of a model that also sees have the language model inside.
ForeignObject language_model(const ForeignObject& config) {
  const std::optional<ForeignObject> inner = config.object_if("text_config");
  return inner ? *inner : config;
}

bool near(double computed, double stated) {
  return stated == 0 || std::abs(computed - stated) <= 0.01 * stated;
}

void check_parameters(const Transformer& model, const ForeignObject& config, double stated) {
  const double computed = parameters(model);
  if (near(computed, stated)) return;
  config.fail("", "the shape has " + shortest(std::round(computed)) + " parameters, " + shortest(stated) +
                      " are stated; accepted: a difference up to 1 %");
}

// Some cards count the input's table (Qwen), some do not (DeepSeek, GPT-OSS); a model config never does.
void check_active(ImportedModel& out, const ForeignObject& config, double stated) {
  const double computed = active_parameters(out.model);
  if (near(computed, stated)) {
    out.model.stated_active_parameters = stated;
    return;
  }
  const double with_table = active_parameters_with_table(out.model);
  if (near(with_table, stated)) {
    out.notes.push_back("The " + shortest(stated) + " active parameters stated count the input's embedding.");
    return;
  }
  config.fail("", "a token meets " + shortest(std::round(computed)) + " parameters (" +
                      shortest(std::round(with_table)) + " with the input's embedding), " + shortest(stated) +
                      " are stated; accepted: a difference up to 1 %");
}

}  // namespace

double active_parameters_with_table(const Transformer& model) {
  const double table = static_cast<double>(model.vocab) * static_cast<double>(model.hidden);
  return active_parameters(model) + (model.tied_embeddings ? 0 : table);
}

std::vector<std::string> hugging_face_architectures() {
  std::vector<std::string> names;
  for (const HuggingFaceArchitecture& one : hugging_face_families()) names.emplace_back(one.name);
  return names;
}

ImportedModel import_hugging_face(std::string_view text, const std::string& file,
                                  const HuggingFaceOptions& options) {
  const JsonValue root = parse_json(text, file);
  const ForeignObject config(root, file, "");
  const HuggingFaceArchitecture& architecture = find_architecture(config);
  ImportedModel out{.architecture = std::string(architecture.name)};
  out.model = architecture.read(language_model(config), out.notes);
  const std::int64_t context = out.model.sequence;
  // A table of learned positions is as long as the context, whatever the training used.
  if (options.sequence > 0) {
    out.model.sequence = options.sequence;
  } else if (!out.model.learned_positions && context > kImportedSequence) {
    out.model.sequence = kImportedSequence;
    out.notes.push_back("The config's context of " + std::to_string(context) +
                        " tokens was cut to a training sequence of " + std::to_string(kImportedSequence) +
                        "; --sequence says otherwise.");
  }
  check_parameters(out.model, config, options.parameters);
  out.model.stated_parameters = options.parameters;
  if (options.active_parameters > 0) check_active(out, config, options.active_parameters);
  return out;
}

}  // namespace traincast
