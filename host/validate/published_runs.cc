#include "host/validate/published_runs.h"

#include "host/base/errors.h"
#include "host/validate/published_row.h"

namespace traincast {

RunLayout layout_of(const CsvTable& table) {
  if (table.has("case") && table.has("peak_memory_gib")) return RunLayout::simumax;
  if (table.has("id") && table.has("model") && table.has("gpu") && table.has("gpus"))
    return RunLayout::published;
  if (table.has("id") && table.has("iter_time_s") && table.has("hidden") && table.has("dp"))
    return RunLayout::vtrain;
  throw ConfigError(table.file() +
                    ":1: the header is none of the accepted layouts: published runs (id, model, gpu, gpus, "
                    "...), vTrain (id, "
                    "params_total_B, gpus, ..., iter_time_s) or SimuMax (case, model, ..., peak_memory_gib)");
}

std::vector<PublishedRun> read_published_runs(const CsvTable& table, const std::vector<Transformer>& known) {
  const RunLayout layout = layout_of(table);
  std::vector<PublishedRun> runs;
  runs.reserve(table.rows());
  for (std::size_t i = 0; i < table.rows(); ++i) {
    runs.push_back(layout == RunLayout::published ? read_published(table, i, known)
                   : layout == RunLayout::vtrain  ? read_vtrain(table, i)
                                                  : read_simumax(table, i, known));
  }
  return runs;
}

}  // namespace traincast
