// Evaluates every plan of the space that shards a layer in one way: step time and memory, equal to
// estimate_step (host/model/step.h) and estimate_memory (memory.h) to rounding. What plans share is computed
// once; per plan remain a few additions. Nothing is allocated per plan.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "host/model/shard.h"
#include "host/search/gates.h"
#include "host/search/layer_table.h"
#include "host/search/memory_terms.h"
#include "host/search/pipeline_runs.h"
#include "host/search/space.h"

namespace traincast {

// Tasks share nothing with one another.
struct SearchTask {
  std::int64_t tensor = 1, context = 1, expert = 1, expert_tensor = 1;
  bool sequence_parallel = true;
  std::size_t stack = 0;
};
std::vector<SearchTask> tasks_of(const SearchSpace& space);

// A ZeRO level and a sharding group.
struct ZeroChoice {
  int zero = 0;
  std::int64_t shard = 0;
};

inline constexpr double kNotTimed = std::numeric_limits<double>::infinity();

// Plans that differ in how they shard what data-parallel ranks hold, and in nothing else.
struct PlanGroup {
  const Choice* choice = nullptr;  // of all, but for zero and shard
  std::size_t plans = 0;
  const ZeroChoice* zero = nullptr;
  const double* memory = nullptr;  // bytes
  const double* step = nullptr;    // seconds; kNotTimed where the plan does not fit
  const double* bubble = nullptr;  // seconds of the step
  GateMask gates = 0;              // broken by all of them
};

class PlanVisitor {
 public:
  virtual ~PlanVisitor() = default;
  virtual void visit(const PlanGroup& group) = 0;
};

// The layouts of the space, by pipeline and virtual stages: shared by all evaluators, never changed.
class Layouts {
 public:
  explicit Layouts(const SearchSpace& space);
  const StageLayout* find(std::int64_t pipeline, std::int64_t virtual_stages) const;

 private:
  std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<StageLayout>> layouts_;
};

// What tells plans of one layout apart in what their ranks hold throughout a step: DualPipe's two stages; or
// interleaved chunks whose micro-batches all follow one another (host/model/shard.h, whole_gradients).
enum class StateKind { plain, by_chunk, dual_pipe };
inline constexpr std::size_t kStateKinds = 3;

enum class TimeWhat { feasible, all };

class Evaluator {
 public:
  // References must outlive it. `what`: whether plans that do not fit are timed, too.
  Evaluator(const SearchSpace& space, const Layouts& layouts, const Gates& gates,
            TimeWhat what = TimeWhat::feasible);
  void evaluate(const SearchTask& task, PlanVisitor& visitor);

 private:
  // ZeRO levels times sharding groups; fix_axis() refuses more.
  static constexpr std::size_t kMaxZero = 64;
  void pipeline(const SearchTask& task, std::int64_t pipeline, PlanVisitor& visitor);
  void layout(const StageLayout& layout, PlanVisitor& visitor);
  void find_zero_choices();
  std::size_t same_messages(std::size_t choice) const;
  void fill_once(const StageLayout& layout, bool dual_pipe);
  void fill_gathers(const StageLayout& layout);
  void fill_states(const StageLayout& layout, StateKind kind);
  void batches(const StageLayout& layout, PlanVisitor& visitor);
  void plan_group(const StageLayout& layout, std::size_t row, std::size_t precision, Schedule schedule,
                  PlanVisitor& visitor);
  void set_plan();
  StateKind state_kind(Schedule schedule) const;
  void time_plans(const StageLayout& layout, std::size_t row);
  void prepare(const StageLayout& layout, std::size_t system, const LayerTimes& times);
  PipelineWork pipeline_of(const StageLayout& layout, const double* gathered);

  const SearchSpace& space_;
  const Layouts& layouts_;
  const Gates& gates_;
  TimeWhat what_;
  LayerTable table_;

  Plan plan_;  // the current one; its zero and shard are scratch
  Choice choice_;
  const Stack* stack_ = nullptr;
  double straggler_ = 0;
  std::int64_t micro_batches_ = 0;
  std::array<ZeroChoice, kMaxZero> zero_{};
  std::size_t plans_ = 0;

  // By schedule (DualPipe or not), system, then ZeRO choice: of a step, and of each of its micro-batches but
  // one.
  std::array<std::vector<double>, 2> once_, again_;
  // ZeRO-3: seconds of one layer's messages, by system, ZeRO choice and run.
  std::vector<double> gathered_;
  // State bytes by kind, precision, ZeRO choice and stage.
  std::array<std::vector<MemoryStage>, kStateKinds> stages_;
  std::array<std::vector<double>, kStateKinds> states_;

  std::array<double, kMaxZero> memory_{}, step_{}, bubble_{};
  std::vector<WorkTimes> kinds_;
  std::vector<StateTerms> terms_;
  std::vector<std::int64_t> ranks_;
  MessageWait wait_;
  RunWorks works_{};
};

}  // namespace traincast
