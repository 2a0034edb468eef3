// check_json FILE RANKS GROUP...: what `traincast check --format json` wrote is whole: every operation class
// was executed as often as the prediction counts it, columns add up to the step, and exactly the groups of
// ranks that there are exchanged messages. Times are printed, never judged.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace {

int failures = 0;

void expect(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "failed: %s\n", what.c_str());
}

void expect_columns_add_up(const nlohmann::json& rows) {
  for (const char* column : {"measured_s", "predicted_s"}) {
    double sum = 0;
    for (std::size_t i = 0; i + 1 < rows.size(); ++i) sum += rows[i].at(column).get<double>();
    const double step = rows.back().at(column).get<double>();
    expect(step > 0, std::string("a step takes time: ") + column);
    expect(std::abs(sum - step) <= 1e-6 * step, std::string("the rows add up to the step: ") + column);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const nlohmann::json report = nlohmann::json::parse(std::ifstream(argv[1]));
  const nlohmann::json& rows = report.at("classes");
  int classes = 0;
  for (const nlohmann::json& row : rows) {
    if (row.at("predicted_count").is_null()) continue;  // messages, rest, step
    ++classes;
    const auto what = row.at("op_class").get<std::string>();
    expect(row.at("count") == row.at("predicted_count"), what + " was executed as often as predicted");
    expect(row.at("count").get<int>() > 0, what + " was executed");
    expect(row.at("predicted_s").get<double>() > 0, what + " has a prediction");
  }
  expect(classes >= 13, "a transformer's step has 13 classes and more");
  expect_columns_add_up(rows);
  expect(report.at("ranks") == std::stoi(argv[2]), "all ranks took part");
  std::set<std::string> wanted(argv + 3, argv + argc);
  std::set<std::string> groups;
  if (report.contains("messages")) {
    for (const nlohmann::json& row : report.at("messages")) {
      groups.insert(row.at("group").get<std::string>());
      expect(row.at("in_flight_s").get<double>() > 0, "messages take time");
    }
  }
  expect(groups == wanted, "messages of the groups of ranks");
  std::printf("measured %.4f s, predicted %.4f s, error %+.1f %%, processor had %.0f %%\n",
              report.at("measured_s").get<double>(), report.at("predicted_s").get<double>(),
              100 * report.at("error").get<double>(), 100 * report.at("processor_share").get<double>());
  return failures == 0 ? 0 : 1;
}
