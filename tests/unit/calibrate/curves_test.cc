#include "host/calibrate/curves.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "host/base/errors.h"
#include "host/calibrate/curves_fit.h"
#include "host/calibrate/kernel_csv.h"
#include "host/calibrate/validate_kernels.h"

namespace traincast {
namespace {

// An invented GPU with round numbers.
Gpu test_gpu() {
  Gpu gpu;
  gpu.name = "test";
  gpu.compute.peak = {FlopRate(1e14), FlopRate(1e15), FlopRate(1e15), FlopRate(2e15), FlopRate(0)};
  gpu.compute.multiprocessors = 100;
  gpu.memory.bandwidth = Bandwidth(4e12);
  return gpu;
}
const Provenance kMeasured{Origin::measured, "test"};

KernelRoofline true_gemm() {
  return {.fixed = 4e-6, .rate = 8e14, .bandwidth = 3e12, .half = {20, 40, 160}};
}

std::vector<KernelPoint> gemm_grid(const KernelRoofline& truth, DataType dtype = DataType::bf16,
                                   GemmLayout layout = GemmLayout::forward) {
  std::vector<KernelPoint> points;
  for (std::int64_t m = 128; m <= 16384; m *= 2) {
    for (std::int64_t n = 256; n <= 16384; n *= 2) {
      for (std::int64_t k = 256; k <= 16384; k *= 2) {
        const Gemm op{.m = m, .n = n, .k = k, .dtype = dtype, .layout = layout};
        points.push_back({op, Seconds(truth.seconds(kernel_shape(op, 100)))});
      }
    }
  }
  return points;
}

double log_ratio(Seconds a, double b) {
  return std::log(a.value() / b);
}

TEST(Curves, RecoverAKnownRooflineInsideAndOutsideTheGrid) {
  const KernelRoofline truth = true_gemm();
  const KernelCurves curves = build_curves(gemm_grid(truth), kMeasured, test_gpu());
  EXPECT_EQ(curves.use(Gemm{}).origin, Origin::measured);
  EXPECT_EQ(curves.use(Gemm{}).note, "");
  for (const std::int64_t m : {100, 700, 5000, 100000}) {
    for (const std::int64_t k : {300, 3000, 50000}) {
      const Gemm op{.m = m, .n = 5120, .k = k};
      const double expected = truth.seconds(kernel_shape(op, 100));
      EXPECT_LT(std::abs(log_ratio(curves.time(op), expected)), 0.005) << to_string(op);
      EXPECT_LT(std::abs(log_ratio(curves.roofline_time(op), expected)), 0.005) << to_string(op);
    }
  }
}

TEST(Curves, RecoverAKnownConversionOfEightBitInputs) {
  KernelRoofline truth{.fixed = 8e-6, .rate = 1.4e15, .bandwidth = 3e12, .half = {60, 30, 120}};
  truth.conversion = 4e11;
  const KernelCurves curves = build_curves(gemm_grid(truth, DataType::fp8_e4m3), kMeasured, test_gpu());
  const Gemm op{.m = 5000, .n = 7000, .k = 3000, .dtype = DataType::fp8_e4m3};
  EXPECT_LT(std::abs(log_ratio(curves.time(op), truth.seconds(kernel_shape(op, 100)))), 0.005);
  EXPECT_NEAR(curves.conversion_time(op).value(), 5000.0 * 3000 / 4e11, 5000.0 * 3000 / 4e11 * 0.05);
  EXPECT_EQ(build_curves(gemm_grid(true_gemm()), kMeasured, test_gpu()).conversion_time(Gemm{}).value(), 0);
}

// A roofline with a smooth and an erratic deviation, as real tables have.
std::vector<KernelPoint> uneven_grid() {
  auto points = gemm_grid(true_gemm());
  std::mt19937 random(11);
  std::normal_distribution<double> noise(0, 0.03);
  for (KernelPoint& p : points) {
    const auto& g = std::get<Gemm>(p.op);
    p.time *= std::exp(0.1 * std::sin(std::log(static_cast<double>(g.n))) + noise(random));
  }
  return points;
}

TEST(Curves, AreExactAtTheirPoints) {
  const auto points = uneven_grid();
  const KernelCurves curves = build_curves(points, kMeasured, test_gpu());
  for (const KernelPoint& p : points) {
    EXPECT_NEAR(curves.time(p.op) / p.time, 1, 1e-9) << to_string(p.op);
    EXPECT_EQ(curves.estimate(p.op).distance, 0);
  }
}

TEST(Curves, DoNotDependOnTheOrderOfPoints) {
  auto points = uneven_grid();
  const KernelCurves one = build_curves(points, kMeasured, test_gpu());
  std::shuffle(points.begin(), points.end(), std::mt19937(5));
  const KernelCurves other = build_curves(points, kMeasured, test_gpu());
  for (const std::int64_t m : {77, 1000, 3001, 90000}) {
    const Gemm op{.m = m, .n = 3 * m, .k = m + 11};
    EXPECT_EQ(one.time(op).value(), other.time(op).value());
  }
}

TEST(Curves, RiseWithWorkAndAreContinuousAcrossTheEdges) {
  const KernelCurves curves = build_curves(uneven_grid(), kMeasured, test_gpu());
  double last = 0;
  // k is not cut into tiles: from far below the grid to far above it.
  for (std::int64_t k = 64; k < 100'000; k += 1 + k / 50) {
    const double now = curves.time(Gemm{.m = 4096, .n = 4096, .k = k}).value();
    if (last > 0) {
      EXPECT_LT(now / last, 1.05) << k;
      EXPECT_GT(now / last, 0.98) << k;
    }
    last = now;
  }
  last = 0;
  for (std::int64_t m = 128; m <= 1 << 20; m *= 2) {
    const double now = curves.time(Gemm{.m = m, .n = 4096, .k = 4096}).value();
    EXPECT_GT(now, last) << m;
    last = now;
  }
}

TEST(Curves, StayBelowThePeakAndTheBandwidth) {
  auto points = uneven_grid();
  for (KernelPoint& p : points) p.time *= 0.5;  // faster than the GPU can be
  const Gpu gpu = test_gpu();
  const KernelCurves curves = build_curves(points, kMeasured, gpu);
  for (const KernelPoint& p : points) {
    const Work w = work(p.op);
    EXPECT_GE(curves.time(p.op).value() * 1e15 * (1 + 1e-12), w.flops.value());
    EXPECT_GE(curves.time(p.op).value() * 4e12 * (1 + 1e-12), w.bytes.value());
  }
}

TEST(Curves, SayWhatStandsInForKindsWithoutPoints) {
  const KernelCurves curves = build_curves(gemm_grid(true_gemm()), kMeasured, test_gpu());
  const Gemm forward{.m = 4096, .n = 4096, .k = 4096};
  Gemm other = forward;
  other.layout = GemmLayout::data_gradient;
  EXPECT_EQ(curves.time(other).value(), curves.time(forward).value());
  EXPECT_EQ(curves.use(other).origin, Origin::fitted);
  EXPECT_EQ(curves.use(other).note, "points of the forward layout");
  other = forward;
  other.dtype = DataType::fp8_e4m3;  // twice the datasheet's rate
  EXPECT_EQ(curves.use(other).rate, 2);
  EXPECT_EQ(curves.use(other).origin, Origin::assumed);
  EXPECT_EQ(curves.use(other).note, "efficiency of bf16");
  const double fixed = curves.curve(forward).roofline.fixed;
  EXPECT_NEAR(curves.time(other).value() - fixed, (curves.time(forward).value() - fixed) / 2, 1e-8);
  other.dtype = DataType::fp4;  // the GPU has none: as in the nearest format
  EXPECT_EQ(curves.use(other).rate, 1);
  const GroupedGemm grouped{.groups = 4, .m = 1024, .n = 4096, .k = 4096};
  EXPECT_EQ(curves.use(grouped).rate, published_plateaus().grouped_over_dense);
  EXPECT_GT(curves.time(grouped), curves.time(forward));
  EXPECT_EQ(curves.use(Attention{}).origin, Origin::datasheet);
  EXPECT_EQ(curves.use(MemoryBound{}).origin, Origin::datasheet);
}

TEST(Curves, DegradeTheOriginFarFromEveryPoint) {
  const KernelCurves curves = build_curves(gemm_grid(true_gemm()), kMeasured, test_gpu());
  EXPECT_EQ(curves.estimate(Gemm{.m = 4096, .n = 4096, .k = 4096}).origin, Origin::measured);
  EXPECT_EQ(curves.estimate(Gemm{.m = 4096, .n = 4096, .k = 1000000}).origin, Origin::fitted);
}

TEST(Curves, WithoutPointsAreDatasheetAndPlateaus) {
  const KernelCurves curves = roofline_curves(test_gpu());
  const KernelPlateaus plateaus = published_plateaus();
  const Gemm op{.m = 8192, .n = 8192, .k = 8192};
  const double flops = work(op).flops.value();
  EXPECT_NEAR(curves.time(op).value(),
              plateaus.gemm.fixed.value() + flops / (1e15 * plateaus.gemm.efficiency), 1e-12);
  const MemoryBound copy{.rows = 8192, .columns = 8192};
  EXPECT_NEAR(curves.time(copy).value(),
              plateaus.memory.fixed.value() + work(copy).bytes.value() / (4e12 * plateaus.memory.efficiency),
              1e-12);
  Attention attention{.batch = 4, .query_length = 8192, .kv_length = 8192, .heads = 32, .kv_heads = 8};
  attention.head_dim = attention.value_dim = 128;
  const double forward = curves.time(attention).value();
  attention.pass = Pass::backward;
  EXPECT_NEAR(curves.time(attention).value() / forward, 2.5 / plateaus.attention_backward, 0.02);
  EXPECT_EQ(build_curves(Profile{}, test_gpu()).time(op).value(), curves.time(op).value());
}

TEST(Curves, NeedPointsOrADatasheet) {
  Gpu gpu;
  gpu.name = "blank";
  try {
    build_curves(Profile{}, gpu);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("\"blank\""), std::string::npos) << error.what();
  }
}

TEST(Curves, FitMemoryBoundKernelsByKind) {
  std::vector<KernelPoint> points;
  for (std::int64_t rows = 64; rows <= 65536; rows *= 2) {
    for (const auto& [kind, bandwidth] :
         {std::pair{MemoryKind::copy, 3.5e12}, {MemoryKind::rms_norm, 2.8e12}}) {
      const MemoryBound op{.kind = kind, .rows = rows, .columns = 4096};
      points.push_back({op, Seconds(3e-6 + work(op).bytes.value() / bandwidth)});
    }
  }
  const KernelCurves curves = build_curves(points, kMeasured, test_gpu());
  const MemoryBound norm{.kind = MemoryKind::rms_norm, .rows = 1 << 20, .columns = 8192};
  EXPECT_LT(std::abs(log_ratio(curves.time(norm), 3e-6 + work(norm).bytes.value() / 2.8e12)), 0.005);
  const MemoryBound rope{.kind = MemoryKind::rope, .rows = 4096, .columns = 4096};
  EXPECT_EQ(curves.use(rope).note, "another memory-bound kind");
  EXPECT_EQ(curves.use(rope).origin, Origin::fitted);
}

// The grid in bursts, and of products of m rows and 8192 columns sustained rows, slower by a factor.
Profile partly_sustained(std::int64_t m, double slower) {
  Profile profile;
  profile.from = kMeasured;
  const auto add = [&profile](const Op& op, Seconds median, bool sustained) {
    OpRow row{.op = op, .timing = {}, .sustained = sustained};
    row.timing.median = median;
    profile.ops.push_back(row);
  };
  for (const KernelPoint& p : gemm_grid(true_gemm())) {
    add(p.op, p.time, false);
    const auto& g = std::get<Gemm>(p.op);
    if (g.m == m && g.n == 8192) add(p.op, p.time * slower, true);
  }
  add(Gemm{.m = 1, .n = 1, .k = 1}, Seconds(), false);
  profile.ops.back().timing.skipped = "no device";
  return profile;
}
double over_burst(const Profile& profile, const Gemm& op) {
  const KernelCurves burst = build_curves(gemm_grid(true_gemm()), kMeasured, test_gpu());
  return build_curves(profile, test_gpu()).time(op) / burst.time(op);
}

TEST(Curves, PreferSustainedRowsAndSlowTheOthersAlike) {
  const Profile profile = partly_sustained(8192, 1.1);
  EXPECT_NEAR(over_burst(profile, {.m = 8192, .n = 8192, .k = 4096}), 1.1, 1e-6);  // timed
  EXPECT_NEAR(over_burst(profile, {.m = 4096, .n = 2048, .k = 4096}), 1.1, 1e-6);  // compute-bound
  EXPECT_NEAR(over_burst(profile, {.m = 128, .n = 8192, .k = 8192}), 1.0, 1e-6);   // streams its weights
}

// Sustained rows that wait for memory say nothing of clocks.
TEST(Curves, SustainedRowsOfMemoryAloneLeaveBurstsAsTheyAre) {
  const Profile profile = partly_sustained(128, 1.3);
  EXPECT_NEAR(over_burst(profile, {.m = 128, .n = 8192, .k = 8192}), 1.3, 1e-6);
  EXPECT_NEAR(over_burst(profile, {.m = 8192, .n = 8192, .k = 4096}), 1, 1e-6);
}

TEST(KernelCsv, ReadsBothTablesByColumnName) {
  const auto points = read_kernel_csv(
      CsvTable::parse("k,time_us,dtype,n,m,comment\n4,1.5,bfloat16,3,2,x\r\n\n8,2,fp8,6,4,\n", "g.csv"));
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].op, Op(Gemm{.m = 2, .n = 3, .k = 4}));
  EXPECT_DOUBLE_EQ(points[0].time.value(), 1.5e-6);
  EXPECT_EQ(points[1].op, Op(Gemm{.m = 4, .n = 6, .k = 8, .dtype = DataType::fp8_e4m3}));
  const auto attention =
      CsvTable::parse("batch,seq,heads,kv_heads,head_dim,time_us\n2,512,8,4,64,20\n", "a.csv");
  Attention expected{.batch = 2, .query_length = 512, .kv_length = 512, .heads = 8, .kv_heads = 4};
  expected.head_dim = expected.value_dim = 64;
  EXPECT_EQ(read_kernel_csv(attention).front().op, Op(expected));
}

TEST(KernelCsv, NamesFileLineAndColumnOfWhatItRefuses) {
  const auto refusal = [](const std::string& text) {
    try {
      read_kernel_csv(CsvTable::parse(text, "t.csv"));
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const std::string head = "dtype,m,n,k,time_us\n";
  EXPECT_EQ(refusal(head + "bfloat16,1,1,1,1\nbfloat16,1,x,1,1\n"),
            "t.csv:3: column n: \"x\"; accepted: a whole number from 1 to 1000000000");
  EXPECT_EQ(refusal(head + "bfloat16,1,1,1,-2\n"),
            "t.csv:2: column time_us: \"-2\"; accepted: a number above 0");
  EXPECT_EQ(refusal(head + "bfloat16,1,1,1,nan\n"),
            "t.csv:2: column time_us: \"nan\"; accepted: a number above 0");
  EXPECT_EQ(refusal(head + "int8,1,1,1,1\n").substr(0, 28), "t.csv:2: column dtype: \"int8");
  EXPECT_EQ(refusal(head + "bfloat16,0,1,1,1\n").substr(0, 18), "t.csv:2: column m:");
  EXPECT_EQ(refusal(head + "bfloat16,1,1,1\n"), "t.csv:2: has 4 fields; accepted: 5, as in the header");
  EXPECT_EQ(refusal("dtype,m,n,time_us\n").substr(0, 21), "t.csv:1: no column k;");
  EXPECT_EQ(refusal("dtype,m,m,n,k,time_us\n"), "t.csv:1: column m appears twice; accepted: once");
  EXPECT_EQ(refusal(head), "t.csv: no data; accepted: a header and rows");
  EXPECT_EQ(refusal(""), "t.csv: the file is empty; accepted: a CSV table with a header line");
  EXPECT_EQ(refusal("batch,seq,heads,kv_heads,head_dim,time_us\n1,512,6,4,64,9\n").substr(0, 25),
            "t.csv:2: column kv_heads:");
}

TEST(ValidateKernels, JudgesCurvesAboveTheBaselinesOnUnevenData) {
  const auto rows = validate_kernels(uneven_grid(), test_gpu());
  for (const std::string split : {"points", "columns"}) {
    const auto median = [&](const std::string& predictor) {
      for (const KernelErrors& row : rows) {
        if (row.split == split && row.sizes == "all" && row.predictor == predictor) {
          EXPECT_EQ(row.points, 8U * 7 * 7);
          EXPECT_EQ(row.kernels, "gemm bf16");
          EXPECT_GE(row.p90, row.median);
          return row.median;
        }
      }
      ADD_FAILURE() << split << " " << predictor;
      return 0.0;
    };
    EXPECT_LT(median("curves"), median("roofline")) << split;
    EXPECT_LT(median("roofline"), median("constant")) << split;
  }
}

TEST(ValidateKernels, FindsNoErrorWhereTheRooflineIsTheTruth) {
  for (const KernelErrors& row : validate_kernels(gemm_grid(true_gemm()), test_gpu())) {
    if (row.predictor != "curves") continue;
    EXPECT_LT(row.p90, 0.005) << row.split << " " << row.sizes;
  }
}

TEST(ValidateKernels, LeavesOutWhatIsTooLittleToJudge) {
  const auto points = uneven_grid();
  EXPECT_TRUE(validate_kernels(std::span(points).first(9), test_gpu()).empty());
}

// A datasheet of 1 PFLOP/s, 2 in 8 bits, and 4 TB/s, times what published kernels reach of one.
TEST(Curves, WithoutPointsTheDatasheetTimesPublishedShares) {
  const KernelCurves curves = roofline_curves(test_gpu());
  const double cube = 2 * std::pow(16384.0, 3);
  const auto expect = [&](const Op& op, double seconds) {
    EXPECT_NEAR(curves.time(op).value() / seconds, 1, 1e-9) << to_string(op);
  };
  expect(Gemm{.m = 16384, .n = 16384, .k = 16384}, 3.5e-6 + cube / 0.80e15);
  expect(Gemm{.m = 16384, .n = 16384, .k = 16384, .dtype = DataType::fp8_e4m3},
         4e-6 + cube / (0.69 * 2e15) * std::pow(1 + 96 / 16384.0, 2) * (1 + 192 / 16384.0));
  expect(GroupedGemm{.groups = 8, .m = 8192, .n = 8192, .k = 8192}, 3.5e-6 + cube / (0.80e15 * 0.86));
  Attention attention{.batch = 1,
                      .query_length = 16384,
                      .kv_length = 16384,
                      .heads = 64,
                      .kv_heads = 64,
                      .head_dim = 128,
                      .value_dim = 128};
  const double products = 2 * 64 * 16384.0 * 16384 / 2 * 256;
  expect(attention, 3.5e-6 + products / 0.64e15 * (1 + 430 / 16384.0));
  attention.pass = Pass::backward;
  expect(attention, 3.5e-6 + 2.5 * products / (0.64e15 * 0.86) * (1 + 430 / 16384.0));
  expect(MemoryBound{.kind = MemoryKind::copy, .rows = 1'000'000, .columns = 1000},
         3e-6 + 4e9 / (0.80 * 4e12));
}

// Points of one kind, of an operation, a layout or a mask, hold for the others as they are.
TEST(Curves, PointsOfAKindStandInForItsLike) {
  std::vector<KernelPoint> points;
  for (std::int64_t size = 1024; size <= 16384; size *= 2) {
    const auto add = [&](const Op& op) {
      const Work w = work(op);
      points.push_back({op, Seconds(1e-5 + w.flops.value() / 5e14 + w.bytes.value() / 3e12)});
    };
    add(MemoryBound{.kind = MemoryKind::copy, .rows = size, .columns = 4096});
    add(GroupedGemm{.groups = 8, .m = size, .n = 4096, .k = 4096});
    add(Attention{.batch = 1,
                  .query_length = size,
                  .kv_length = size,
                  .heads = 16,
                  .kv_heads = 16,
                  .head_dim = 128,
                  .value_dim = 128});
  }
  const KernelCurves curves = build_curves(points, kMeasured, test_gpu());
  EXPECT_EQ(curves.use(MemoryBound{.kind = MemoryKind::copy}).rate, 1);
  EXPECT_EQ(curves.use(MemoryBound{.kind = MemoryKind::swiglu}).rate, 1);
  EXPECT_EQ(curves.use(GroupedGemm{.layout = GemmLayout::weight_gradient}).rate, 1);
  EXPECT_EQ(curves.use(Attention{.causal = true}).rate, 1);
  EXPECT_EQ(curves.use(Attention{.causal = false}).rate, 1);
}

}  // namespace
}  // namespace traincast
