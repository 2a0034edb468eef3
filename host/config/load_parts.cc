#include "host/config/load_parts.h"

#include <algorithm>
#include <cmath>

#include "host/base/errors.h"
#include "host/config/check_plan.h"
#include "host/config/json.h"
#include "host/config/load.h"
#include "host/model/parts.h"

namespace traincast {
namespace {

// Sums of decimal texts differ by a few last bits.
constexpr double kSame = 1e-9;

std::string text(std::int64_t count) {
  return std::to_string(count);
}

std::string all_digits(double tokens) {
  char digits[64];
  std::snprintf(digits, sizeof digits, "%.12g Gtoken", tokens / 1e9);
  return digits;
}

StatedPart read_part(Reader reader, const ConfigStore& store) {
  StatedPart part{.at = reader};
  part.title = reader.text("title");
  if (reader.has("tokens")) part.tokens = reader.quantity<Tokens>("tokens");
  if (reader.has("sequence")) part.sequence = reader.count("sequence");
  if (reader.has("global_batch")) part.global_batch = reader.count("global_batch");
  if (reader.has("plan")) part.plan = reference(reader, "plan", store, ConfigKind::plans);
  if (auto rampup = reader.object_if("rampup")) {
    part.rampup_start = rampup->count("start");
    if (rampup->has("increment")) part.rampup_increment = rampup->count("increment");
  }
  part.from = reader.provenance();
  return part;
}

// What one part may leave out is what the others leave.
void share_tokens(Run& run, const Reader& root, const std::vector<StatedPart>& stated) {
  double sum = 0;
  const StatedPart* open = nullptr;
  for (const StatedPart& part : stated) {
    if (part.tokens) {
      sum += part.tokens->value();
      continue;
    }
    if (open != nullptr) {
      part.at.fail("",
                   "neither this part nor one before it has tokens; accepted: one part at most that "
                   "takes what the others leave");
    }
    open = &part;
  }
  const double left = run.tokens.value() - sum;
  if (open == nullptr && std::abs(left) > kSame * run.tokens.value()) {
    root.fail("parts", "they add up to " + all_digits(sum) + ", but the run has " +
                           all_digits(run.tokens.value()) +
                           "; accepted: the same, or one part without tokens, which takes what is left");
  }
  if (open != nullptr && left <= kSame * run.tokens.value()) {
    open->at.fail("", "no tokens are left for it: the other parts have " + all_digits(sum) +
                          " of the run's " + all_digits(run.tokens.value()));
  }
  for (std::size_t i = 0; i < stated.size(); ++i)
    run.parts[i].tokens = stated[i].tokens.value_or(Tokens(left));
}

void check_rampup(const StatedPart& stated, const RunPart& part) {
  if (part.rampup_start == 0) return;
  const std::int64_t grows = part.plan.global_batch - part.rampup_start;
  const std::string by = " " + text(part.rampup_start) + " to global_batch " + text(part.plan.global_batch);
  if (grows <= 0) {
    stated.at.fail("rampup", "start " + text(part.rampup_start) + "; accepted: less than global_batch " +
                                 text(part.plan.global_batch));
  }
  if (grows % part.rampup_increment != 0) {
    stated.at.fail("rampup", "from" + by + " is no multiple of the increment " + text(part.rampup_increment));
  }
  if (batch_sizes(part) > kMostBatchSizes) {
    stated.at.fail("rampup", "from" + by + " in steps of " + text(part.rampup_increment) + " are " +
                                 text(batch_sizes(part)) + " batch sizes; accepted: up to " +
                                 text(kMostBatchSizes));
  }
}

// The key of the part that decides what a plan complains of, or that of the plan's file.
void refuse(const StatedPart& stated, const PlanProblem& problem, const std::string& plan_file) {
  const bool batch = problem.key == "global_batch";
  const bool sequence = problem.key == "context_parallel";
  if (batch && stated.rampup_start) stated.at.fail("rampup", problem.what);
  if (batch && stated.global_batch) stated.at.fail("global_batch", problem.what);
  if (sequence && stated.sequence) stated.at.fail("sequence", problem.what);
  if (!stated.plan.empty()) stated.at.fail("plan", problem.key + " of " + plan_file + ": " + problem.what);
  throw ConfigError(plan_file + "#/" + problem.key + ": " + problem.what);
}

void check_layout(const StatedPart& stated, const RunPart& part, const Run& run,
                  const std::string& plan_file) {
  Transformer model = run.model;
  model.sequence = part.sequence;
  if (model.learned_positions && part.sequence > run.model.sequence) {
    stated.at.fail("sequence", text(part.sequence) + ", but the model " + model.name + " learns " +
                                   text(run.model.sequence) + " positions; accepted: no more than these");
  }
  for (const Plan& plan : part_plans(part)) {
    if (const auto problem = plan_problem(plan, model, run.cluster.gpus()))
      refuse(stated, *problem, plan_file);
  }
  check_rampup(stated, part);
  const double step = static_cast<double>(part.plan.global_batch) * static_cast<double>(part.sequence);
  const double share = part.tokens.value() / static_cast<double>(batch_sizes(part));
  if (share >= step) return;
  const bool several = batch_sizes(part) > 1;
  stated.at.fail(stated.tokens ? "tokens" : "",
                 all_digits(part.tokens.value()) +
                     (several ? " over " + text(batch_sizes(part)) + " batch sizes" : "") +
                     " is less than one step of " + all_digits(step) + (several ? " each" : ""));
}

}  // namespace

std::vector<StatedPart> read_parts(Reader& root, const ConfigStore& store) {
  if (!root.has("parts")) return {};
  const std::vector<Reader> objects = root.objects("parts");
  if (objects.empty() || objects.size() > kMostParts) {
    root.fail("parts", text(static_cast<std::int64_t>(objects.size())) + " parts; accepted: from 1 to " +
                           text(static_cast<std::int64_t>(kMostParts)));
  }
  std::vector<StatedPart> parts;
  parts.reserve(objects.size());
  for (const Reader& object : objects) parts.push_back(read_part(object, store));
  return parts;
}

RunPart part_layout(const StatedPart& stated, const Run& run, const ConfigStore& store) {
  RunPart part{.title = stated.title, .plan = run.plan, .stack = run.stack, .from = stated.from};
  if (!stated.plan.empty()) {
    part.plan = load_plan(store, stated.plan);
    part.stack = load_stack(store, part.plan.stack);
  }
  part.sequence = stated.sequence.value_or(run.model.sequence);
  part.plan.global_batch = stated.global_batch.value_or(part.plan.global_batch);
  if (stated.rampup_start) {
    part.rampup_start = *stated.rampup_start;
    // The least that every replica takes part in.
    part.rampup_increment = stated.rampup_increment.value_or(part.plan.data_parallel * part.plan.micro_batch);
  }
  return part;
}

std::vector<Plan> part_plans(const RunPart& part, bool with_increment) {
  std::vector<Plan> plans = {part.plan};
  const auto add = [&](std::int64_t batch) {
    plans.push_back(part.plan);
    plans.back().global_batch = batch;
  };
  if (part.rampup_start > 0) add(part.rampup_start);
  if (part.rampup_start > 0 && with_increment) add(part.rampup_start + part.rampup_increment);
  return plans;
}

void add_parts(Run& run, const Reader& root, const std::vector<StatedPart>& stated,
               const ConfigStore& store) {
  if (stated.empty()) return;
  for (const StatedPart& one : stated) run.parts.push_back(part_layout(one, run, store));
  share_tokens(run, root, stated);
  std::int64_t sizes = 0;
  for (std::size_t i = 0; i < stated.size(); ++i) {
    const RunPart& part = run.parts[i];
    const std::string plan = stated[i].plan.empty() ? run.plan.name : stated[i].plan;
    check_layout(stated[i], part, run, store.path(ConfigKind::plans, plan).string());
    sizes += batch_sizes(part);
    if (part.tokens > run.parts[run.main_part].tokens) run.main_part = i;
  }
  if (sizes > kMostBatchSizes) {
    root.fail("parts", text(sizes) + " batch sizes; accepted: up to " + text(kMostBatchSizes));
  }
  const RunPart& main = run.parts[run.main_part];
  run.model.sequence = main.sequence;
  run.plan = main.plan;
  run.stack = main.stack;
}

}  // namespace traincast
