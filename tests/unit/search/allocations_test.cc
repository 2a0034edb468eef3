// The hot path allocates nothing: as many allocations for many plans as for few. A program of its own,
// because it counts every allocation.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "host/search/evaluator.h"
#include "tests/unit/search/runs.h"

namespace {
std::atomic<std::int64_t> allocations{0};
}  // namespace

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace traincast {
namespace {

class Counter final : public PlanVisitor {
 public:
  void visit(const PlanGroup& group) override { plans += static_cast<std::int64_t>(group.plans); }
  std::int64_t plans = 0;
};

struct Count {
  std::int64_t plans = 0, allocations = 0;
};
Count evaluate_twice(const std::string& recompute, const std::string& micro_batches) {
  const test::PreparedRun prepared("llama-3.1-405b-16k", 0,
                                   {"recompute=" + recompute, "mb=" + micro_batches});
  const Layouts layouts(prepared.space());
  Evaluator evaluator(prepared.space(), layouts, prepared.gates());
  const std::vector<SearchTask> tasks = tasks_of(prepared.space());
  Counter first;
  for (const SearchTask& task : tasks) evaluator.evaluate(task, first);  // buffers grow to their size
  Counter counter;
  const std::int64_t before = allocations;
  for (const SearchTask& task : tasks) evaluator.evaluate(task, counter);
  return {counter.plans, allocations - before};
}

TEST(Evaluator, AllocatesForLayoutsAndNeverForPlans) {
  const Count few = evaluate_twice("none", "1");
  const Count many = evaluate_twice("none:selective:full-20:full-40:full-60:full-80:full", "1:2:4:8");
  EXPECT_GT(many.plans, 15 * few.plans);
  EXPECT_EQ(many.allocations, few.allocations);
  EXPECT_LT(many.allocations, many.plans / 15);
}

}  // namespace
}  // namespace traincast
