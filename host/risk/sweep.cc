#include "host/risk/sweep.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "host/base/errors.h"
#include "host/calibrate/forecast.h"
#include "host/report/part_tables.h"

namespace traincast {
namespace {

std::size_t count_points(const std::vector<SweepAxis>& axes) {
  std::size_t points = 1;
  for (const SweepAxis& axis : axes) {
    if (axis.values.size() > kMostSweepPoints / points) {
      throw UsageError("--over asks for more than " + std::to_string(kMostSweepPoints) +
                       " points; accepted: fewer values");
    }
    points *= axis.values.size();
  }
  return points;
}

std::vector<Override> at_point(const std::vector<Override>& set, const std::vector<SweepAxis>& axes,
                               std::size_t index) {
  std::vector<Override> all = set;
  const std::size_t first = all.size();
  all.resize(first + axes.size());
  for (std::size_t a = axes.size(); a-- > 0;) {
    const std::size_t size = axes[a].values.size();
    all[first + a] = {axes[a].path, axes[a].values[index % size], "--over"};
    index /= size;
  }
  return all;
}

}  // namespace

Sweep sweep(const RunConfigs& configs, const std::vector<Override>& set, std::vector<SweepAxis> axes,
            const std::optional<Profile>& profile) {
  Sweep out{configs.run().name, configs.run().title, std::move(axes), {}, main_part_text(configs.run())};
  bool swept_gpus = false;  // a calibrator reads each GPU once
  for (std::size_t a = 0; a < out.axes.size(); ++a) {
    SweepAxis& axis = out.axes[a];
    axis.path = configs.resolve(axis.path, "--over");
    swept_gpus = swept_gpus || axis.path.starts_with("gpu.");
    for (std::size_t b = 0; b < a; ++b) {
      if (out.axes[b].path == axis.path) {
        throw UsageError("--over " + axis.path + " is given twice; accepted: each input once");
      }
    }
    for (const Override& one : set) {
      if (configs.resolve(one.path) == axis.path) {
        throw UsageError("--set and --over both give " + axis.path + "; accepted: one of them");
      }
    }
  }
  const std::size_t points = count_points(out.axes);
  std::exception_ptr refused;
  std::size_t refusals = 0;
  std::optional<ConfigStore> store;  // that of the first run stays with the calibrator
  std::unique_ptr<Calibrator> calibrator;
  for (std::size_t i = 0; i < points; ++i) {
    const std::vector<Override> values = at_point(set, out.axes, i);
    SweepPoint point;
    for (std::size_t v = set.size(); v < values.size(); ++v) point.values.push_back(values[v].value);
    try {
      EditedRun edited = configs.with(values);
      if (calibrator == nullptr || swept_gpus) {
        calibrator.reset();
        store.emplace(edited.store);
        calibrator = std::make_unique<Calibrator>(*store, profile);
      }
      const Forecast f = forecast(*calibrator, edited.run);
      point.reason = f.infeasible;
      if (f.infeasible.empty()) {
        point.figures = {edited.run.plan.gpus(), edited.run.tokens, f.memory.total(), f.step, f.estimate};
      }
    } catch (const ConfigError& error) {
      if (refused == nullptr) refused = std::current_exception();
      ++refusals;
      point.reason = error.what();
    }
    out.points.push_back(std::move(point));
  }
  if (refusals == points) std::rethrow_exception(refused);
  return out;
}

}  // namespace traincast
