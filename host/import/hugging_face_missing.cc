// What keeps other architectures out, so that a refusal says more than a name.
#include <array>

#include "host/import/hugging_face_families.h"

namespace traincast {
namespace {

constexpr std::string_view kRecurrent = "state-space, recurrent or linear-attention layers";
constexpr std::string_view kEncoder = "an encoder and attention from one sequence to another";
constexpr std::string_view kMasked = "attention in both directions with a loss on masked tokens";
constexpr std::string_view kVision = "layers that read images or sound";
constexpr std::string_view kSelected = "attention to tokens that an indexer selects";
constexpr std::string_view kExperts = "what its keys say of experts and their routing";
constexpr std::string_view kKeys = "what its keys mean (a model config can be written by hand)";

struct Missing {
  std::string_view part;  // of the architecture's name; the first that fits counts
  std::string_view what;
};
constexpr std::array<Missing, 46> kMissing = {{
    {"Mamba", kRecurrent},
    {"Jamba", kRecurrent},
    {"Bamba", kRecurrent},
    {"Zamba", kRecurrent},
    {"Rwkv", kRecurrent},
    {"FalconH1", kRecurrent},
    {"NemotronH", kRecurrent},
    {"MoeHybrid", kRecurrent},
    {"RecurrentGemma", kRecurrent},
    {"Qwen3Next", kRecurrent},
    {"KimiLinear", kRecurrent},
    {"Lfm2", kRecurrent},
    {"MiniMaxText", kRecurrent},
    {"MiniMaxM1", kRecurrent},
    {"xLSTM", kRecurrent},
    {"Qwen3_5", kRecurrent},
    {"T5", kEncoder},
    {"Bart", kEncoder},
    {"Pegasus", kEncoder},
    {"Marian", kEncoder},
    {"LED", kEncoder},
    {"Switch", kEncoder},
    {"EncoderDecoder", kEncoder},
    {"Whisper", kEncoder},
    {"Roberta", kMasked},
    {"RoBERTa", kMasked},
    {"Bert", kMasked},
    {"Deberta", kMasked},
    {"Electra", kMasked},
    {"Mllama", kVision},
    {"Llava", kVision},
    {"VL", kVision},
    {"Vision", kVision},
    {"Idefics", kVision},
    {"PaliGemma", kVision},
    {"CLIP", kVision},
    {"Audio", kVision},
    {"ForConditionalGeneration", kVision},
    {"V32", kSelected},
    {"MoE", kExperts},
    {"Moe", kExperts},
    {"moe", kExperts},
    {"Dbrx", kExperts},
    {"Arctic", kExperts},
    {"MiniMax", kExperts},
    {"Llama4", kExperts},
}};

struct Telling {
  std::string_view key;
  std::string_view what;
};
constexpr std::array<Telling, 8> kTelling = {{
    {"ssm_cfg", kRecurrent},
    {"state_size", kRecurrent},
    {"ssm_state_size", kRecurrent},
    {"mamba_d_state", kRecurrent},
    {"linear_num_key_heads", kRecurrent},
    {"index_topk", kSelected},
    {"vision_config", kVision},
    {"audio_config", kVision},
}};

}  // namespace

std::string missing_layers(const ForeignObject& config, std::string_view architecture) {
  if (architecture.empty()) return "the name of its architecture";
  if (config.is_true("is_encoder_decoder")) return std::string(kEncoder);
  for (const Missing& one : kMissing) {
    if (architecture.find(one.part) != std::string_view::npos) return std::string(one.what);
  }
  for (const Telling& one : kTelling) {
    if (config.has(one.key)) return std::string(one.what);
  }
  return std::string(config.has("num_experts") || config.has("num_local_experts") ? kExperts : kKeys);
}

}  // namespace traincast
