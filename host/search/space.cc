#include "host/search/space.h"

#include <algorithm>
#include <charconv>

#include "host/base/errors.h"
#include "host/config/near.h"

namespace traincast {
namespace {

using Values = std::vector<std::int64_t>;

// Divisors of `whole` up to `limit`, ascending.
Values divisors(std::int64_t whole, std::int64_t limit) {
  Values out;
  for (std::int64_t i = 1; i <= std::min(whole, limit); ++i) {
    if (whole % i == 0) out.push_back(i);
  }
  return out;
}

Values powers_of_two(std::int64_t limit) {
  Values out;
  for (std::int64_t i = 1; i <= limit; i *= 2) out.push_back(i);
  return out;
}

void add(Values& values, std::int64_t value) {
  const auto at = std::lower_bound(values.begin(), values.end(), value);
  if (at == values.end() || *at != value) values.insert(at, value);
}

// What check_plan asks of tensor parallelism, whatever the rest of the plan.
bool splits(const Transformer& model, std::int64_t tensor) {
  const bool keys = model.mla || model.kv_heads % tensor == 0 || tensor % model.kv_heads == 0;
  return model.heads % tensor == 0 && keys && model.ffn_hidden % tensor == 0;
}

constexpr std::string_view kAxisNames[] = {"tp",        "pp",       "vp",    "cp",     "ep",    "etp",
                                           "dp",        "zero",     "shard", "mb",     "batch", "precision",
                                           "recompute", "schedule", "sp",    "overlap"};

template <std::size_t N>
std::string accepted(const std::string_view (&names)[N]) {
  return join(std::vector<std::string>(std::begin(names), std::end(names)), " ");
}

[[noreturn]] void refuse(const std::string& setting, const std::string& what) {
  throw UsageError("--fix " + setting + ": " + what);
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::int64_t count(const std::string& setting, const std::string& text, std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max) {
    refuse(setting, "\"" + text + "\" is not accepted; accepted: a whole number from " + std::to_string(min) +
                        " to " + std::to_string(max) + ", or several between colons");
  }
  return value;
}

template <typename Enum, std::size_t N>
Enum choice(const std::string& setting, const std::string& text, const std::string_view (&names)[N]) {
  const auto* found = std::find(std::begin(names), std::end(names), text);
  if (found == std::end(names)) {
    refuse(setting, "\"" + text + "\" is not accepted; accepted: " + accepted(names));
  }
  return static_cast<Enum>(found - std::begin(names));
}

RecomputeChoice recompute_choice(const std::string& setting, const std::string& text) {
  const std::size_t dash = text.find('-');
  RecomputeChoice out{choice<Recompute>(setting, text.substr(0, dash), kRecomputeNames), 100};
  if (dash == std::string::npos) return out;
  if (out.mode != Recompute::full) refuse(setting, "only full recomputation has a share, as in full-50");
  out.share_percent = static_cast<std::int32_t>(count(setting, text.substr(dash + 1), 1, 100));
  return out;
}

}  // namespace

std::vector<StackVariant> stack_variants(const Stack& stack) {
  struct Kind {
    double Stack::*exposed;
    const char* name;
  };
  constexpr Kind kKinds[] = {{&Stack::tensor_exposed, "tensor"},
                             {&Stack::context_exposed, "context"},
                             {&Stack::expert_exposed, "expert"},
                             {&Stack::data_exposed, "data"}};
  std::vector<StackVariant> out = {{stack, ""}};
  for (const Kind& kind : kKinds) {
    // Below 1, hiding always gains: a step never takes longer for shorter messages.
    if (stack.*kind.exposed >= 1 || stack.added_time(stack.*kind.exposed) <= 1) continue;
    const std::size_t so_far = out.size();
    for (std::size_t i = 0; i < so_far; ++i) {
      StackVariant variant = out[i];
      variant.stack.*kind.exposed = 1;
      variant.name += (variant.name.empty() ? "" : "+") + std::string(kind.name);
      out.push_back(std::move(variant));
    }
  }
  return out;
}

StackVariant nothing_hidden(const Stack& stack) {
  StackVariant variant{stack, "all"};
  Stack& s = variant.stack;
  s.tensor_exposed = s.context_exposed = s.expert_exposed = s.pipeline_exposed = s.data_exposed = 1;
  return variant;
}

Axes default_axes(const Run& run, std::int64_t gpus, std::int64_t nvlink_domain, std::int64_t max_batch) {
  const Transformer& model = run.model;
  Axes axes;
  // Beyond one NVLink domain tensor parallelism is priced up to eight domains, and listed as what it is.
  for (const std::int64_t tensor : divisors(model.heads, std::min(gpus, 8 * nvlink_domain))) {
    if (gpus % tensor == 0 && splits(model, tensor)) axes.tensor.push_back(tensor);
  }
  axes.pipeline = divisors(gpus, std::min(gpus, model.layers + 2));
  for (std::int64_t v = 1; v <= (model.layers + 2) / 2; ++v) axes.virtual_stages.push_back(v);
  for (const std::int64_t context : powers_of_two(std::min(model.sequence, gpus))) {
    if (model.sequence % context == 0 && gpus % context == 0 && model.sequence / context >= 256) {
      axes.context.push_back(context);
    }
  }
  if (axes.context.empty()) axes.context = {1};
  axes.expert = axes.expert_tensor = {1};
  if (model.moe) {
    axes.expert = divisors(model.moe->experts, gpus);
    for (const std::int64_t split : powers_of_two(std::min(nvlink_domain, model.moe->ffn_hidden))) {
      if (model.moe->ffn_hidden % split == 0 && split > 1) axes.expert_tensor.push_back(split);
    }
  }
  axes.zero = {0, 1, 2, 3};
  axes.shard = {0};
  for (std::int64_t shard = 8; shard <= std::min<std::int64_t>(gpus, 4096); shard *= 2) {
    axes.shard.push_back(shard);
  }
  const std::int64_t batch = run.plan.global_batch;
  axes.global_batch = {batch};
  for (std::int64_t larger = 2 * batch; larger <= max_batch; larger *= 2) axes.global_batch.push_back(larger);
  for (const std::int64_t rows : powers_of_two(std::min<std::int64_t>(64, axes.global_batch.back()))) {
    axes.micro_batch.push_back(rows);
  }
  axes.precision = {run.plan.precision};
  axes.recompute = {{Recompute::none}, {Recompute::selective}};
  for (std::int32_t share = 10; share <= 100; share += 10) axes.recompute.push_back({Recompute::full, share});
  axes.schedule = {Schedule::one_f_one_b, Schedule::interleaved, Schedule::zb_h1, Schedule::dual_pipe};
  axes.sequence_parallel = {true};
  axes.overlap = {Overlap::stack};
  // The run's own plan is a point of the space.
  const Plan& own = run.plan;
  add(axes.micro_batch, own.micro_batch);
  if (own.shard_ranks > 0) add(axes.shard, own.shard_ranks);
  if (own.tensor_parallel > 1 && !own.sequence_parallel) axes.sequence_parallel.push_back(false);
  RecomputeChoice repeated{own.recompute};
  if (own.recompute == Recompute::full) repeated.share_percent = to_choice(own).share_percent;
  const bool known =
      std::find(axes.recompute.begin(), axes.recompute.end(), repeated) != axes.recompute.end();
  if (!known) axes.recompute.push_back(repeated);
  return axes;
}

std::string axis_of(const std::string& setting) {
  const std::size_t equals = setting.find('=');
  std::string key = setting.substr(0, equals);
  const bool known = std::find(std::begin(kAxisNames), std::end(kAxisNames), key) != std::end(kAxisNames);
  if (equals == std::string::npos || !known) {
    refuse(setting, (known ? "a value is missing, as in " + key + "=8" : "unknown key \"" + key + "\"") +
                        "; accepted: KEY=VALUE[:VALUE...] with keys " + accepted(kAxisNames));
  }
  return key;
}

void fix_axis(Axes& axes, const std::string& setting) {
  const std::string key = axis_of(setting);
  const std::vector<std::string> texts = split(setting.substr(key.size() + 1));
  struct Counts {
    std::string_view key;
    Values Axes::*values;
    std::int64_t min, max;
  };
  constexpr std::int64_t kMost = 1'000'000'000;
  constexpr Counts kCounts[] = {
      {"tp", &Axes::tensor, 1, kMost},         {"pp", &Axes::pipeline, 1, kMost},
      {"vp", &Axes::virtual_stages, 1, kMost}, {"cp", &Axes::context, 1, kMost},
      {"ep", &Axes::expert, 1, kMost},         {"etp", &Axes::expert_tensor, 1, kMost},
      {"dp", &Axes::data, 1, kMost},           {"zero", &Axes::zero, 0, 3},
      {"shard", &Axes::shard, 0, kMost},       {"mb", &Axes::micro_batch, 1, kMost},
      {"batch", &Axes::global_batch, 1, kMost}};
  for (const Counts& row : kCounts) {
    if (row.key != key) continue;
    Values values;
    for (const std::string& text : texts) add(values, count(setting, text, row.min, row.max));
    if (values.size() > 16) refuse(setting, "more than 16 values");
    axes.*row.values = values;
    return;
  }
  if (key == "precision") axes.precision.clear();
  if (key == "recompute") axes.recompute.clear();
  if (key == "schedule") axes.schedule.clear();
  if (key == "sp") axes.sequence_parallel.clear();
  if (key == "overlap") axes.overlap.clear();
  for (const std::string& text : texts) {
    if (key == "precision") axes.precision.push_back(choice<Precision>(setting, text, kPrecisionNames));
    if (key == "recompute") axes.recompute.push_back(recompute_choice(setting, text));
    if (key == "schedule") axes.schedule.push_back(choice<Schedule>(setting, text, kScheduleNames));
    if (key == "overlap") axes.overlap.push_back(choice<Overlap>(setting, text, kOverlapNames));
    if (key == "sp") axes.sequence_parallel.push_back(count(setting, text, 0, 1) == 1);
  }
}

bool has_schedule(Schedule schedule, std::int64_t pipeline, std::int64_t virtual_stages,
                  std::int64_t micro_batches) {
  switch (schedule) {
    case Schedule::one_f_one_b:
      return virtual_stages == 1;
    case Schedule::interleaved:
      return virtual_stages > 1;
    case Schedule::zb_h1:
      return virtual_stages == 1 && pipeline > 1;
    case Schedule::dual_pipe:
      return virtual_stages == 1 && pipeline > 1 && pipeline % 2 == 0 && micro_batches >= 2 * pipeline;
  }
  return false;
}

}  // namespace traincast
