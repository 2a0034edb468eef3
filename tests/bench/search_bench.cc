// How many complete plan evaluations a core makes in a second: the search's evaluator on whole spaces, the
// full model on the same plans, and searches as users run them. CPU time, so that other work on the machine
// does not count.
#include <benchmark/benchmark.h>

#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "host/config/load.h"
#include "host/model/memory.h"
#include "host/model/step.h"
#include "host/search/search.h"
#include "host/search/setup.h"

namespace traincast {
namespace {

// A run's space, loaded once.
class Prepared {
 public:
  explicit Prepared(const std::string& run)
      : store_(TRAINCAST_BENCH_CONFIGS),
        calibrator_(store_),
        setup_(calibrator_, load_run(store_, run), {}),
        gates_(setup_.complete(load_gates(store_, "default"))) {}
  const SearchSpace& space() const { return setup_.space(); }
  const Gates& gates() const { return gates_; }

  static const Prepared& of(const std::string& run) {
    static std::vector<std::pair<std::string, std::unique_ptr<Prepared>>> known;
    for (const auto& [name, prepared] : known) {
      if (name == run) return *prepared;
    }
    return *known.emplace_back(run, std::make_unique<Prepared>(run)).second;
  }

 private:
  ConfigStore store_;
  Calibrator calibrator_;
  SearchSetup setup_;
  Gates gates_;
};

// Adds up what it sees, so that nothing is optimised away; keeps every stride-th plan.
class Tally final : public PlanVisitor {
 public:
  explicit Tally(std::int64_t stride = 0) : stride_(stride) {}
  void visit(const PlanGroup& group) override {
    for (std::size_t i = 0; i < group.plans; ++i) {
      sum_ += group.step[i] + group.memory[i];
      if (stride_ > 0 && plans_ % stride_ == 0) {
        sample_.push_back(*group.choice);
        sample_.back().zero = group.zero[i].zero;
        sample_.back().shard = static_cast<std::int32_t>(group.zero[i].shard);
      }
      ++plans_;
    }
  }
  std::int64_t plans() const { return plans_; }
  double sum() const { return sum_; }
  const std::vector<Choice>& sample() const { return sample_; }

 private:
  std::int64_t stride_, plans_ = 0;
  double sum_ = 0;
  std::vector<Choice> sample_;
};

std::int64_t evaluate_all(const Prepared& prepared, const Layouts& layouts, TimeWhat what,
                          PlanVisitor& visitor) {
  Evaluator evaluator(prepared.space(), layouts, prepared.gates(), what);
  std::int64_t tasks = 0;
  for (const SearchTask& task : tasks_of(prepared.space())) {
    evaluator.evaluate(task, visitor);
    ++tasks;
  }
  return tasks;
}

// Some plans of the space, spread evenly.
std::vector<Plan> sample_plans(const Prepared& prepared) {
  constexpr std::int64_t kStride = 10'007;
  Tally tally(kStride);
  evaluate_all(prepared, Layouts(prepared.space()), TimeWhat::feasible, tally);
  std::vector<Plan> plans;
  for (const Choice& choice : tally.sample()) plans.push_back(to_plan(choice, prepared.space().run->plan));
  return plans;
}

void evaluate_fully(const SearchSpace& space, const Plan& plan) {
  for (const System& system : space.systems) {
    benchmark::DoNotOptimize(estimate_step(space.run->model, plan, space.run->stack, system));
  }
  benchmark::DoNotOptimize(estimate_memory(space.run->model, plan, space.run->stack));
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

// Every plan of the space, memory and step time, whether it fits or not; all tables built anew. Beside it, in
// the same run, what the full model needs for a sample of the same plans, and the rate at which one core runs
// Calculon's exhaustive search of a 3.1 T model on 98,304 GPUs: 2,033,824 strategies in 35.6 minutes.
void complete_evaluations(benchmark::State& state, const std::string& run) {
  constexpr double kCalculon = 2'033'824 / (35.6 * 60);
  const Prepared& prepared = Prepared::of(run);
  std::int64_t plans = 0;
  double spent = -cpu_seconds();
  for (auto _ : state) {
    const Layouts layouts(prepared.space());
    Tally tally;
    evaluate_all(prepared, layouts, TimeWhat::all, tally);
    benchmark::DoNotOptimize(tally.sum());
    plans += tally.plans();
  }
  spent += cpu_seconds();
  const std::vector<Plan> sample = sample_plans(prepared);
  double full = -cpu_seconds();
  for (const Plan& plan : sample) evaluate_fully(prepared.space(), plan);
  full += cpu_seconds();
  const double rate = static_cast<double>(plans) / spent;
  state.counters["evaluations/s/core"] = rate;
  state.counters["x_full_model"] = rate / (static_cast<double>(sample.size()) / full);
  state.counters["x_952/s"] = rate / kCalculon;
  state.counters["plans"] = static_cast<double>(plans) / static_cast<double>(state.iterations());
}

// The full model, estimate_step and estimate_memory, plan by plan.
void full_model(benchmark::State& state, const std::string& run) {
  const Prepared& prepared = Prepared::of(run);
  const std::vector<Plan> plans = sample_plans(prepared);
  std::size_t i = 0;
  for (auto _ : state) evaluate_fully(prepared.space(), plans[i++ % plans.size()]);
  state.counters["evaluations/s/core"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// As a user runs it: top list, Pareto front, gates; wall-clock time.
void whole_search(benchmark::State& state, const std::string& run) {
  const Prepared& prepared = Prepared::of(run);
  std::int64_t plans = 0;
  for (auto _ : state) {
    const SearchResult result =
        search(prepared.space(), prepared.gates(), {.threads = static_cast<unsigned>(state.range(0))});
    plans += result.counts.evaluated;
    benchmark::DoNotOptimize(&result);
  }
  state.counters["plans/s"] = benchmark::Counter(static_cast<double>(plans), benchmark::Counter::kIsRate);
}

void add_run(const std::string& run) {
  const auto ms = benchmark::kMillisecond;
  benchmark::RegisterBenchmark(("complete_evaluations/" + run).c_str(), complete_evaluations, run)->Unit(ms);
  benchmark::RegisterBenchmark(("full_model/" + run).c_str(), full_model, run)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark(("whole_search/" + run).c_str(), whole_search, run)
      ->ArgName("threads")
      ->Arg(1)
      ->Arg(2)
      ->UseRealTime()
      ->Unit(ms);
}

}  // namespace
}  // namespace traincast

int main(int argc, char** argv) {
  for (const char* run : {"dense-3.1t-98k", "llama-3.1-405b-16k", "deepseek-v3-2k"}) traincast::add_run(run);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
