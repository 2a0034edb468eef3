// The registry of what claims are tested with: named pure functions of facts, GPUs, clusters and runs. To add
// one: a row in one of the formulas_*.cc.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/units.h"
#include "host/model/cluster.h"
#include "host/model/forecast.h"
#include "host/model/gpu.h"

namespace traincast {

enum class InputKind { fact, gpu, cluster, run };

struct InputSpec {
  std::string_view name;
  InputKind kind = InputKind::fact;
  Dimension dimension{};  // of a fact
};

// Where an input stands in its range.
enum class Level { low, value, high };

// One input of a formula, resolved.
struct Bound {
  std::string_view name;  // of the input
  std::string label;      // what it is bound to: "server-power-factor"
  Origin origin = Origin::assumed;
  std::array<double, 3> si{};  // of a fact, by Level
  const Gpu* gpu = nullptr;
  const Cluster* cluster = nullptr;
  std::array<const Forecast*, 3> runs{};  // by Level
  bool varies = false;
};

// The inputs of one evaluation. Asking for one that the formula does not declare is a std::logic_error.
class Inputs {
 public:
  // All at `value`, but the one at index `moved` (or none: -1).
  Inputs(std::span<const Bound> bounds, int moved, Level level)
      : bounds_(bounds), moved_(moved), level_(level) {}

  double number(std::string_view name) const;
  template <typename Q>
  Q get(std::string_view name) const {
    return Q(number(name));
  }
  const Gpu& gpu(std::string_view name) const;
  const Cluster& cluster(std::string_view name) const;
  const Forecast& run(std::string_view name) const;

 private:
  const Bound& find(std::string_view name, std::size_t& level) const;

  std::span<const Bound> bounds_;
  int moved_;
  Level level_;
};

struct Formula {
  std::string_view name;
  std::string_view words;  // the formula, to be read
  std::vector<InputSpec> inputs;
  Dimension result;
  std::function<double(const Inputs&)> compute;  // SI
};

// A row whose dimension is that of what `compute` returns (a Quantity or a double).
template <typename F>
Formula formula(std::string_view name, std::string_view words, std::vector<InputSpec> inputs, F compute) {
  using Result = decltype(compute(std::declval<const Inputs&>()));
  if constexpr (std::is_same_v<Result, double>) {
    return {name, words, std::move(inputs), {}, compute};
  } else {
    return {name, words, std::move(inputs), Result::kDimension,
            [compute](const Inputs& in) { return compute(in).value(); }};
  }
}

const std::vector<Formula>& formulas();
std::vector<std::string_view> formula_names();
// Null where there is none.
const Formula* find_formula(std::string_view name);

// Parts of the registry.
std::vector<Formula> power_formulas();
std::vector<Formula> size_formulas();
std::vector<Formula> run_formulas();
std::vector<Formula> cost_formulas();

}  // namespace traincast
