#include "host/validate/architecture.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>

#include "host/model/parameters.h"
#include "host/validate/nearest.h"

namespace traincast {
namespace {

// Of published dense models hidden is 60 (1 B) to 130 (400 B) times the layers.
constexpr double kAspect = 100;
constexpr std::int64_t kMultiple = 128;

std::int64_t rounded(double width) {
  return std::max<std::int64_t>(kMultiple, std::llround(width / kMultiple) * kMultiple);
}

// Layers of which each holds one mixer alone, in names or notes.
bool is_hybrid(const Row& row, const PublishedRun& run) {
  for (std::string_view mark : {"Nemotron-3", "Nemotron_3", "Nemotron-H", "hybrid"}) {
    const std::string& notes = row.text("notes");
    if (contains(run.model_name, mark) || (contains(notes, mark) && !contains(notes, "hybrid shard")))
      return true;
  }
  return false;
}

struct Stated {
  std::int64_t layers = 0, hidden = 0, heads = 0;
};

double stated_parameters(const Row& row, const PublishedRun& run) {
  const double billions = row.number("params_total_B").value_or(0);
  const double count = billions > 0 ? billions * 1e9 : parameters_in_name(run.model_name);
  return count >= 1e6 && count <= 1e15 ? count : 0;
}

// 12 layers hidden^2 parameters, whatever the FFN: gated ones are narrower for it.
void size_by_parameters(double count, Stated& stated) {
  if (stated.hidden == 0) {
    const double layers =
        stated.layers > 0 ? static_cast<double>(stated.layers) : std::cbrt(count / (12 * kAspect * kAspect));
    stated.hidden = rounded(std::sqrt(count / (12 * layers)));
  }
  if (stated.heads == 0) stated.heads = std::max<std::int64_t>(1, stated.hidden / 128);
}

// The value of a size that the number of parameters is linear in.
template <typename Set>
double solved(Transformer model, double count, Set set) {
  set(model, 128);
  const double one = parameters(model);
  set(model, 256);
  return 128 + 128 * (count - one) / (parameters(model) - one);
}

void set_layers(Transformer& model, std::int64_t layers) {
  model.layers = layers;
}

void set_ffn(Transformer& model, std::int64_t width) {
  model.ffn_hidden = width;
  if (!model.moe) return;
  model.moe->ffn_hidden = width;
  model.moe->shared_ffn_hidden = model.moe->shared_experts * width;
}

std::int64_t solved_layers(const Transformer& model, double count) {
  return std::clamp<std::int64_t>(std::llround(solved(model, count, set_layers)), 1, 1000);
}

void read_experts(Row& row, const Transformer* named, Transformer& model) {
  if (row.stated("experts").value_or(0) > 1) {
    MixtureOfExperts moe;
    moe.experts = row.count("experts", 1);
    moe.top_k = row.count("topk", 2);
    moe.shared_experts = row.count_silently("shared_experts", 0);
    model.moe = moe;
  } else if (named != nullptr && named->moe && row.text("experts").empty() && named->hidden == model.hidden &&
             named->moe->ffn_hidden == model.ffn_hidden) {
    model.moe = named->moe;
  }
  set_ffn(model, model.ffn_hidden);
}

void read_widths(Row& row, const PublishedRun& run, const Stated& stated, double count,
                 const Transformer* named, Transformer& model) {
  const bool old = run.year > 0 && run.year < 2023;
  model.layers = stated.layers;
  model.hidden = stated.hidden;
  model.heads = stated.heads;
  model.kv_heads = row.count_silently("kv_heads", model.heads);
  model.head_dim = row.count_silently("head_dim", std::max<std::int64_t>(1, model.hidden / model.heads));
  // Plain FFNs are four times as wide as the model; gated ones are not.
  const std::int64_t width = row.count_silently("ffn_hidden", 0);
  const std::string& gated = row.text("gated_mlp");
  model.gated_ffn = !gated.empty() ? gated != "0" : width > 0 ? width != 4 * model.hidden : !old;
  model.vocab = row.count("vocab", 51200);
  model.sequence = row.count("seq", run.year >= 2023 ? 4096 : 2048);
  model.tied_embeddings = !model.gated_ffn;  // GPT and MPT families tie, Llama and its kin do not
  model.learned_positions = !model.gated_ffn;
  // Three matrices of a gated FFN with the parameters of two (Shazeer 2020, arXiv 2002.05202).
  model.ffn_hidden =
      model.gated_ffn ? rounded(8.0 / 3 * static_cast<double>(model.hidden)) : 4 * model.hidden;
  if (width > 0) model.ffn_hidden = width;
  read_experts(row, named, model);
  if (model.layers == 0) model.layers = solved_layers(model, count);
  if (width > 0) return;
  if (count > 0 && !run.hybrid) set_ffn(model, rounded(solved(model, count, set_ffn)));
  row.count("ffn_hidden", model.ffn_hidden);  // noted as an assumption
}

}  // namespace

double parameters_in_name(const std::string& name) {
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name[at] < '0' || name[at] > '9') continue;
    const bool starts = at == 0 || (name[at - 1] != 'x' && name[at - 1] != 'A' && name[at - 1] != 'v');
    std::size_t end = at;
    while (end < name.size() && ((name[end] >= '0' && name[end] <= '9') || name[end] == '.')) ++end;
    const bool unit =
        end < name.size() && (name[end] == 'B' || name[end] == 'b') &&
        (end + 1 == name.size() || std::isalpha(static_cast<unsigned char>(name[end + 1])) == 0);
    if (starts && unit && end - at <= 8) return std::stod(name.substr(at, end - at)) * 1e9;
    at = end;
  }
  return 0;
}

void read_architecture(Row& row, PublishedRun& run, const std::vector<Transformer>& known) {
  Transformer& model = run.model;
  Stated stated{row.count_silently("layers", 0), row.count_silently("hidden", 0),
                row.count_silently("heads", 0)};
  run.hybrid = is_hybrid(row, run);
  const bool complete = stated.layers > 0 && stated.hidden > 0 && stated.heads > 0;
  const double count = stated_parameters(row, run);
  const Transformer* named = run.hybrid ? nullptr : named_model(known, run.model_name);
  if (!complete && named != nullptr) {
    model = *named;
    model.name = run.model_name;
    model.sequence = row.count("seq", model.sequence);
    model.vocab = row.count_silently("vocab", model.vocab);
    // Proxies of a model have fewer of its layers.
    if (row.number("params_total_B").value_or(0) > 0 && std::abs(count / parameters(model) - 1) > 0.1)
      model.layers = solved_layers(model, count);
    if (stated.layers > 0) model.layers = stated.layers;
    run.assumptions.push_back("architecture not published: the shipped model " + named->name);
    return;
  }
  model.name = run.model_name;
  if (run.hybrid && stated.layers > 1) {
    stated.layers /= 2;
    run.assumptions.push_back(
        "hybrid model: two of its layers, a mixer and an FFN, taken as one of a transformer; not scored");
  }
  if (!complete) {
    if (count == 0 || (row.stated("experts").value_or(0) > 1 && stated.hidden == 0)) {
      run.reason = "architecture not published (layers, hidden or heads), nor a number of parameters";
      return;
    }
    size_by_parameters(count, stated);
  }
  read_widths(row, run, stated, count, named, model);
  if (!complete) {
    run.assumptions.push_back("architecture not published: " + std::to_string(model.layers) + " layers of " +
                              std::to_string(model.hidden) + ", by the number of parameters");
  }
}

}  // namespace traincast
