#include "kernels/registry.h"

#include <gtest/gtest.h>

#include "host/base/errors.h"

namespace traincast {
namespace {

template <typename Error>
std::string message_of(std::string_view backend) {
  try {
    make_backend(backend, 0);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Registry, CpuIsLastAndAlwaysAvailable) {
  ASSERT_FALSE(backends().empty());
  EXPECT_EQ(backends().back().name, "cpu");
  EXPECT_EQ(backends().back().why_unavailable(), "");
  EXPECT_EQ(device_count("cpu"), 1);
  EXPECT_EQ(make_backend("cpu", 0)->info().backend, "cpu");
}

TEST(Registry, AutoIsTheFirstAvailable) {
  for (const BackendEntry& entry : backends()) {
    if (!entry.why_unavailable().empty()) continue;
    EXPECT_EQ(make_backend("auto", 0)->info().backend, entry.name);
    return;
  }
  FAIL() << "no backend is available";
}

TEST(Registry, AnUnknownNameIsAUsageErrorThatListsTheKnownOnes) {
  EXPECT_EQ(message_of<UsageError>("rocm"), "unknown backend \"rocm\"; accepted: auto cuda cpu");
  EXPECT_THROW(device_count("rocm"), UsageError);
}

TEST(Registry, CudaThatCannotRunSaysWhy) {
  const std::string why = backends().front().why_unavailable();
  if (why.empty()) GTEST_SKIP() << "CUDA can run here";
  EXPECT_EQ(message_of<DeviceError>("cuda"), "backend \"cuda\" cannot run here: " + why);
  EXPECT_TRUE(why == "this binary was built without CUDA" ||
              why.find("cudaGetDeviceCount") != std::string::npos)
      << why;
  EXPECT_EQ(device_count("cuda"), 0);
}

TEST(CpuBackend, InfoNamesProcessorAndLibrary) {
  const DeviceInfo info = make_backend("cpu", 0)->info();
  EXPECT_FALSE(info.name.empty());
  EXPECT_GT(info.multiprocessors, 0);
  ASSERT_EQ(info.libraries.size(), 1u);
  EXPECT_EQ(info.libraries[0].first, "blas");
  EXPECT_FALSE(info.libraries[0].second.empty());
}

TEST(CpuBackend, SaysWhyAnOpCannotRun) {
  const auto cpu = make_backend("cpu", 0);
  EXPECT_EQ(cpu->why_unsupported(Gemm{.m = 4, .n = 4, .k = 4}), "");
  EXPECT_EQ(cpu->why_unsupported(Gemm{.m = 4, .n = 4}), "k must be at least 1");
  EXPECT_EQ(cpu->why_unsupported(Gemm{.m = 4, .n = 4, .k = 4, .dtype = DataType::fp4}),
            "fp4 has no CPU implementation");
  EXPECT_EQ(cpu->why_unsupported(MemoryBound{.kind = MemoryKind::rope, .rows = 1, .columns = 3}),
            "rope needs even columns");
  EXPECT_EQ(cpu->why_unsupported(Attention{.batch = 1,
                                           .query_length = 1,
                                           .kv_length = 1,
                                           .heads = 3,
                                           .kv_heads = 2,
                                           .head_dim = 1,
                                           .value_dim = 1}),
            "heads must be a multiple of kv_heads");
  const std::string huge = cpu->why_unsupported(MemoryBound{.rows = 1 << 30, .columns = 1 << 20});
  EXPECT_NE(huge.find("of memory"), std::string::npos) << huge;
}

TEST(CpuBackend, TimeIsPositiveAndResultsRepeat) {
  const auto cpu = make_backend("cpu", 0);
  const Op op = Gemm{.m = 32, .n = 32, .k = 32, .layout = GemmLayout::weight_gradient};
  const auto prepared = cpu->prepare(op, 5);
  const auto first = cpu->result(*prepared);
  EXPECT_GT(cpu->time(*prepared, 3).value(), 0);
  cpu->flush_cache();
  EXPECT_EQ(cpu->result(*prepared), first);  // although timing accumulated into the output
  EXPECT_NE(cpu->result(*cpu->prepare(op, 6)), first);
}

}  // namespace
}  // namespace traincast
