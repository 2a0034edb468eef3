// Fabric calibrated on a few nodes, judged on many: nccl-tests times that others published. Prints errors
// beside those of alpha-beta and of constant bus bandwidth.
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>

#include "host/calibrate/fabric.h"
#include "tests/validation/csv.h"

namespace traincast {
namespace {

std::vector<CollectivePoint> where(const std::vector<CollectivePoint>& points,
                                   const std::function<bool(const CollectivePoint&)>& keep) {
  std::vector<CollectivePoint> some;
  for (const CollectivePoint& point : points) {
    if (keep(point)) some.push_back(point);
  }
  return some;
}

void print(const ValidationResult& result) {
  std::printf("%-15s %5s %-10s %6s %8s %8s %11s %8s\n", "operation", "GPUs", "sizes", "points", "model",
              "bias", "alpha-beta", "constant");
  for (const ValidationSummary& s : result.summaries) {
    std::printf("%-15s %5s %-10s %6d %7.1f%% %+8.3f %10.1f%% %7.1f%%\n", std::string(name(s.op)).c_str(),
                s.gpus == 0 ? "all" : std::to_string(s.gpus).c_str(), std::string(name(s.size_class)).c_str(),
                s.points, 100 * s.model, s.model_bias, 100 * s.alpha_beta, 100 * s.constant_busbw);
  }
}

const ValidationSummary* find(const ValidationResult& result, Collective op, SizeClass sizes) {
  for (const ValidationSummary& s : result.summaries) {
    if (s.op == op && s.gpus == 0 && s.size_class == sizes) return &s;
  }
  return nullptr;
}

void expect_within(const ValidationResult& result, Collective op, double limit) {
  const ValidationSummary* s = find(result, op, SizeClass::from_1_mib);
  ASSERT_NE(s, nullptr) << name(op);
  EXPECT_GE(s->points, 10) << name(op);
  EXPECT_LE(s->model, limit) << name(op) << ", from 1 MiB, " << s->points << " points";
  EXPECT_LT(s->model, s->alpha_beta) << name(op) << ": no better than a straight line";
}

// A100, four 200 Gb/s Slingshot NICs a node, 1, 2 or 4 GPUs a node: one and two nodes fitted, 16 predicted.
TEST(CollectivesValidation, EightTimesTheFittedScale) {
  const auto file = test::shared_file("a100-perlmutter-nccl.csv", "data");
  if (file.empty())
    GTEST_SKIP() << "data/a100-perlmutter-nccl.csv is not in $TRAINCAST_SHARED nor in ../shared";
  const std::vector<CollectivePoint> points = read_collective_points(CsvTable::from_file(file));
  const ValidationResult result =
      validate_collectives(where(points, [](const auto& p) { return p.nodes <= 2; }),
                           where(points, [](const auto& p) { return p.nodes == 16; }));
  print(result);
  expect_within(result, Collective::all_reduce, 0.07);
  expect_within(result, Collective::all_gather, 0.12);
  expect_within(result, Collective::reduce_scatter, 0.12);
}

// A100, eight 200 Gb/s NICs a node: up to one full node and a pair fitted, four nodes predicted. The fit sees
// one scale between nodes only.
TEST(CollectivesValidation, TwiceTheFittedScaleOnFullNodes) {
  const auto file = test::shared_file("a100-40gb-ndv4-nccl-all-reduce.csv", "data");
  if (file.empty()) {
    GTEST_SKIP() << "data/a100-40gb-ndv4-nccl-all-reduce.csv is not in $TRAINCAST_SHARED nor in ../shared";
  }
  const std::vector<CollectivePoint> points = read_collective_points(CsvTable::from_file(file));
  const ValidationResult result =
      validate_collectives(where(points, [](const auto& p) { return p.gpus <= 16; }),
                           where(points, [](const auto& p) { return p.gpus == 32; }));
  print(result);
  expect_within(result, Collective::all_reduce, 0.07);
}

}  // namespace
}  // namespace traincast
