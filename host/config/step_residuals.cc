#include "host/config/step_residuals.h"

#include <algorithm>
#include <cmath>

namespace traincast {

const ResidualClass* StepResiduals::class_of(bool moe, int year) const {
  const auto found = std::find_if(classes.begin(), classes.end(), [&](const ResidualClass& c) {
    return c.moe == moe && year >= c.from_year && year <= c.to_year;
  });
  return found == classes.end() ? nullptr : &*found;
}

double StepResiduals::spread(const ResidualClass& of, double gpus) const {
  const double decades = std::max(0.0, std::log10(gpus / static_cast<double>(of.most_gpus)));
  return std::hypot(of.spread, spread_per_decade * decades);
}

int stack_year(std::string_view stack) {
  for (std::size_t i = 0; i + 4 <= stack.size(); ++i) {
    const std::string_view year = stack.substr(i, 4);
    const bool before = i == 0 || stack[i - 1] == '-';
    const bool after = i + 4 == stack.size() || stack[i + 4] == '-';
    const bool digits = year.find_first_not_of("0123456789") == std::string_view::npos;
    if (before && after && digits && year.starts_with("20"))
      return 2000 + 10 * (year[2] - '0') + year[3] - '0';
  }
  return 0;
}

StepResiduals read_step_residuals(Reader root) {
  StepResiduals residuals;
  residuals.from = root.provenance();
  residuals.spread_per_decade = root.number("spread_per_decade", 0, 10);
  residuals.series = static_cast<int>(root.count("series", 0));
  for (Reader& entry : root.objects("classes")) {
    ResidualClass one;
    one.moe = entry.boolean("moe");
    one.from_year = static_cast<int>(entry.count("from_year", 0, 9999));
    one.to_year = static_cast<int>(entry.count("to_year", 0, 9999));
    if (one.from_year > one.to_year)
      entry.fail("from_year", "it is after \"to_year\"; accepted: from_year <= to_year");
    one.rows = static_cast<int>(entry.count("rows"));
    one.families = static_cast<int>(entry.count("families"));
    one.spread = entry.number("spread", 0, 10);
    one.bias = entry.number("bias", -10, 10);
    one.most_gpus = entry.count("most_gpus");
    residuals.classes.push_back(one);
  }
  root.finish();
  return residuals;
}

StepResiduals load_step_residuals(const ConfigStore& store) {
  return read_step_residuals(Reader::from_file(store.root() / "published" / "residuals.json"));
}

}  // namespace traincast
