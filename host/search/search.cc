#include "host/search/search.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

namespace traincast {
namespace {

static_assert(std::is_trivially_copyable_v<RankedPlan>);

bool needs_less(const RankedPlan& a, const RankedPlan& b) {
  return a.memory != b.memory ? a.memory < b.memory : a.choice < b.choice;
}

// Sorts the plans of one thread into its result.
class Collector final : public PlanVisitor {
 public:
  Collector(const SearchSpace& space, const Gates& gates, const SearchOptions& options)
      : capacity_(space.capacity.value()),
        objective_(options.objective),
        own_score_(options.own_score),
        gates_(gates),
        result_(options.top) {
    for (const std::int64_t batch : space.axes.global_batch)
      terms_.emplace_back(batch, RunTerms(space, batch));
  }

  void visit(const PlanGroup& group) override {
    result_.counts.evaluated += static_cast<std::int64_t>(group.plans);
    const RunTerms& terms = terms_of(group.choice->global_batch);
    const std::int64_t replicas = group.choice->data;
    for (std::size_t i = 0; i < group.plans; ++i) {
      const double step = group.step[i], memory = group.memory[i];
      if (memory > capacity_) {
        miss(group, i);
        continue;
      }
      const double expected = terms.expected(step, replicas);
      if (expected == kNotTimed) {
        ++result_.counts.endless;
        continue;
      }
      ++result_.counts.feasible;
      const double score = objective_ == Objective::days ? expected : terms.score(objective_, step, replicas);
      GateMask broken = group.gates;
      if (gates_.bubble_breaks(group.bubble[i], step)) broken |= bit(Gate::bubble);
      const bool better = score < own_score_;
      result_.counts.better_than_own += better ? 1 : 0;
      if (broken != 0) {
        ++result_.counts.gated;
        if (result_.broken.wants(score)) result_.broken.add(plan(group, i, score, expected, broken));
        continue;
      }
      result_.counts.better_and_sound += better ? 1 : 0;
      if (result_.best.wants(score)) result_.best.add(plan(group, i, score, expected, broken));
      if (result_.front.wants(expected, memory)) result_.front.add(plan(group, i, score, expected, broken));
    }
  }
  const SearchResult& result() const { return result_; }

 private:
  const RunTerms& terms_of(std::int64_t batch) const {
    std::size_t i = 0;
    while (terms_[i].first != batch) ++i;
    return terms_[i].second;
  }
  static RankedPlan plan(const PlanGroup& group, std::size_t i, double score, double expected,
                         GateMask broken) {
    RankedPlan out{.score = score,
                   .expected = expected,
                   .step = group.step[i],
                   .memory = group.memory[i],
                   .bubble = group.bubble[i],
                   .choice = *group.choice,
                   .broken = broken};
    out.choice.zero = group.zero[i].zero;
    out.choice.shard = static_cast<std::int32_t>(group.zero[i].shard);
    return out;
  }
  void miss(const PlanGroup& group, std::size_t i) {
    if (result_.nearest && group.memory[i] > result_.nearest->memory) return;
    const RankedPlan near = plan(group, i, kNotTimed, kNotTimed, group.gates);
    if (!result_.nearest || needs_less(near, *result_.nearest)) result_.nearest = near;
  }

  double capacity_;
  Objective objective_;
  double own_score_;
  const Gates& gates_;
  std::vector<std::pair<std::int64_t, RunTerms>> terms_;
  SearchResult result_;
};

template <typename T>
void put(std::string& text, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  text.append(reinterpret_cast<const char*>(&value), sizeof(T));
}
void put_plans(std::string& text, const std::vector<RankedPlan>& plans) {
  put(text, plans.size());
  for (const RankedPlan& plan : plans) put(text, plan);
}

class Unpack {
 public:
  explicit Unpack(const std::string& text) : text_(text) {}
  template <typename T>
  T get() {
    T value;
    if (at_ + sizeof(T) > text_.size()) throw std::logic_error("a search result was cut short");
    std::memcpy(static_cast<void*>(&value), text_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  template <typename Add>
  void plans(const Add& add) {
    for (auto left = get<std::size_t>(); left > 0; --left) add(get<RankedPlan>());
  }

 private:
  const std::string& text_;
  std::size_t at_ = 0;
};

void add_counts(SearchCounts& to, const SearchCounts& from) {
  to.evaluated += from.evaluated;
  to.feasible += from.feasible;
  to.endless += from.endless;
  to.gated += from.gated;
  to.better_than_own += from.better_than_own;
  to.better_and_sound += from.better_and_sound;
}

}  // namespace

void SearchResult::merge(const SearchResult& other) {
  add_counts(counts, other.counts);
  for (const RankedPlan& plan : other.best.plans()) best.add(plan);
  for (const RankedPlan& plan : other.broken.plans()) broken.add(plan);
  for (const RankedPlan& plan : other.front.plans()) front.add(plan);
  if (other.nearest && (!nearest || needs_less(*other.nearest, *nearest))) nearest = other.nearest;
}

std::string SearchResult::packed() const {
  std::string text;
  put(text, counts);
  put_plans(text, best.plans());
  put_plans(text, broken.plans());
  put_plans(text, front.plans());
  put_plans(text, nearest ? std::vector<RankedPlan>{*nearest} : std::vector<RankedPlan>{});
  return text;
}

void SearchResult::merge_packed(const std::string& text) {
  Unpack from(text);
  add_counts(counts, from.get<SearchCounts>());
  from.plans([&](const RankedPlan& plan) { best.add(plan); });
  from.plans([&](const RankedPlan& plan) { broken.add(plan); });
  from.plans([&](const RankedPlan& plan) { front.add(plan); });
  from.plans([&](const RankedPlan& plan) {
    if (!nearest || needs_less(plan, *nearest)) nearest = plan;
  });
}

SearchResult search(const SearchSpace& space, const Gates& gates, const SearchOptions& options) {
  const Layouts layouts(space);
  std::vector<SearchTask> tasks;
  const std::vector<SearchTask> all = tasks_of(space);
  for (std::size_t i = options.part.index; i < all.size(); i += options.part.parts) tasks.push_back(all[i]);

  std::atomic<std::size_t> next{0};
  std::mutex lock;
  std::exception_ptr failure;
  SearchResult result(options.top);
  const auto work = [&](bool speaks) {
    try {
      Collector collector(space, gates, options);
      Evaluator evaluator(space, layouts, gates);
      for (std::size_t i = next++; i < tasks.size(); i = next++) {
        evaluator.evaluate(tasks[i], collector);
        if (speaks && options.progress) {
          options.progress(static_cast<double>(i + 1) / static_cast<double>(tasks.size()));
        }
      }
      const std::lock_guard<std::mutex> guard(lock);
      result.merge(collector.result());
    } catch (...) {
      const std::lock_guard<std::mutex> guard(lock);
      if (!failure) failure = std::current_exception();
      next = tasks.size();
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < options.threads; ++i) others.emplace_back(work, false);
  work(true);
  for (std::thread& thread : others) thread.join();
  if (failure) std::rethrow_exception(failure);
  return result;
}

}  // namespace traincast
