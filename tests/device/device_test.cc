// Every op that backend "cuda" runs against backend "cpu", on the same inputs (bit for bit: the generator and
// the rounding are the same). Both poison their outputs with NaN, so an element that is not written fails.
#include "tests/device/device_fixture.h"

namespace traincast {
namespace {

using test::Device;

struct Size {
  std::int64_t m, n, k;
};

TEST_F(Device, GemmsAndGroupedGemms) {
  const std::vector<Size> even{{64, 96, 128}, {256, 512, 1024}, {8, 16, 32}};
  const std::vector<Size> odd{{33, 65, 129}, {1, 7, 5}, {127, 250, 61}};
  for (const DataType dtype : {DataType::fp32, DataType::bf16, DataType::fp16, DataType::fp8_e4m3}) {
    const bool fp8 = dtype == DataType::fp8_e4m3;
    if (fp8 && !has_fp8()) continue;
    std::vector<Size> sizes = even;
    if (!fp8) sizes.insert(sizes.end(), odd.begin(), odd.end());
    for (int i = 0; i < kGemmLayouts; ++i) {
      const auto layout = static_cast<GemmLayout>(i);
      for (const auto& [m, n, k] : sizes) {
        for (const std::int64_t count : {1, 3}) {
          compare(Gemm{.m = m, .n = n, .k = k, .dtype = dtype, .layout = layout, .batch = count});
          compare(GroupedGemm{.groups = count, .m = m, .n = n, .k = k, .dtype = dtype, .layout = layout});
        }
      }
    }
  }
}

TEST_F(Device, Fp8TakesAnyNumberOfTokens) {
  if (!has_fp8()) GTEST_SKIP() << "this device has no FP8";
  compare(Gemm{.m = 17, .n = 64, .k = 96, .dtype = DataType::fp8_e4m3});
  EXPECT_NE(cuda_->why_unsupported(Gemm{.m = 16, .n = 64, .k = 97, .dtype = DataType::fp8_e4m3}), "");
}

TEST_F(Device, MemoryBoundKernels) {
  struct Shape {
    std::int64_t rows, columns;
  };
  for (int i = 0; i < kMemoryKinds; ++i) {
    const auto kind = static_cast<MemoryKind>(i);
    if (kind == MemoryKind::cast && !has_fp8()) continue;
    for (const DataType dtype : {DataType::fp32, DataType::bf16, DataType::fp16}) {
      for (const auto& [rows, columns] :
           {Shape{1, 2}, Shape{3, 62}, Shape{37, 130}, Shape{300, 1024}, Shape{70, 2048}, Shape{65, 4096},
            Shape{9, 8192}, Shape{5, 16384}, Shape{1000, 256}, Shape{5, 32002}, Shape{3, 32768}}) {
        compare(MemoryBound{.kind = kind, .rows = rows, .columns = columns, .dtype = dtype});
      }
      if (kind == MemoryKind::rope) continue;  // needs even columns
      compare(MemoryBound{.kind = kind, .rows = 129, .columns = 77, .dtype = dtype});
      compare(MemoryBound{.kind = kind, .rows = 1, .columns = 1, .dtype = dtype});
    }
  }
}

TEST_F(Device, GeneratorRoundingAndMovesAreExact) {
  for (const MemoryKind kind : {MemoryKind::copy, MemoryKind::permute, MemoryKind::cast}) {
    if (kind == MemoryKind::cast && !has_fp8()) continue;
    for (const DataType dtype : {DataType::fp32, DataType::bf16, DataType::fp16, DataType::fp8_e4m3}) {
      if (dtype == DataType::fp8_e4m3 && (kind == MemoryKind::cast || !has_fp8())) continue;
      const Op op = MemoryBound{.kind = kind, .rows = 77, .columns = 1001, .dtype = dtype};
      EXPECT_EQ(cuda_->result(*cuda_->prepare(op, 3)), test::run_on_cpu(op, 3)) << to_string(op);
    }
  }
}

TEST_F(Device, SaysWhatItCannotRun) {
  EXPECT_EQ(cuda_->why_unsupported(Gemm{.m = 16, .n = 16, .k = 16, .dtype = DataType::fp4}),
            "fp4 has no kernel in this backend");
  EXPECT_EQ(cuda_->why_unsupported(Gemm{.m = 16, .n = 16}), "k must be at least 1");
  EXPECT_NE(cuda_->why_unsupported(MemoryBound{.rows = 1 << 30, .columns = 1 << 20}).find("of device memory"),
            std::string::npos);
  const std::string wide = cuda_->why_unsupported(Attention{.batch = 1,
                                                            .query_length = 8,
                                                            .kv_length = 8,
                                                            .heads = 1,
                                                            .kv_heads = 1,
                                                            .head_dim = 64,
                                                            .value_dim = 64,
                                                            .dtype = DataType::fp32});
  EXPECT_NE(wide.find("cuDNN"), std::string::npos) << wide;
  EXPECT_EQ(cuda_->why_unsupported(HostOp(HostCopy{})), "bytes must be at least 1");
}

TEST_F(Device, InfoIdentifiesTheDevice) {
  const DeviceInfo info = cuda_->info();
  EXPECT_EQ(info.backend, "cuda");
  EXPECT_EQ(info.id.size(), std::string("GPU-01234567-0123-0123-0123-0123456789ab").size()) << info.id;
  EXPECT_GT(info.memory.value(), 0);
  EXPECT_GT(info.last_level_cache.value(), 0);
  EXPECT_GT(info.multiprocessors, 0);
  EXPECT_EQ(info.pci_bus_id.find(':'), 4u) << info.pci_bus_id;
  EXPECT_GE(device_count("cuda"), 1);
}

}  // namespace
}  // namespace traincast
