#include "host/claims/formula.h"

#include <algorithm>
#include <stdexcept>

namespace traincast {

const Bound& Inputs::find(std::string_view name, std::size_t& level) const {
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    if (bounds_[i].name != name) continue;
    level = static_cast<std::size_t>(static_cast<int>(i) == moved_ ? level_ : Level::value);
    return bounds_[i];
  }
  throw std::logic_error("a formula asks for an input that it does not declare: " + std::string(name));
}

double Inputs::number(std::string_view name) const {
  std::size_t level = 0;
  const Bound& bound = find(name, level);
  return bound.si[level];
}

const Gpu& Inputs::gpu(std::string_view name) const {
  std::size_t level = 0;
  return *find(name, level).gpu;
}

const Cluster& Inputs::cluster(std::string_view name) const {
  std::size_t level = 0;
  return *find(name, level).cluster;
}

const Forecast& Inputs::run(std::string_view name) const {
  std::size_t level = 0;
  const Bound& bound = find(name, level);
  return *bound.runs[level];
}

const std::vector<Formula>& formulas() {
  static const std::vector<Formula> kFormulas = [] {
    std::vector<Formula> all;
    for (std::vector<Formula> part : {power_formulas(), size_formulas(), run_formulas(), cost_formulas()}) {
      for (Formula& row : part) all.push_back(std::move(row));
    }
    return all;
  }();
  return kFormulas;
}

std::vector<std::string_view> formula_names() {
  std::vector<std::string_view> names;
  for (const Formula& row : formulas()) names.push_back(row.name);
  return names;
}

const Formula* find_formula(std::string_view name) {
  const auto found = std::find_if(formulas().begin(), formulas().end(),
                                  [&](const Formula& row) { return row.name == name; });
  return found == formulas().end() ? nullptr : &*found;
}

}  // namespace traincast
