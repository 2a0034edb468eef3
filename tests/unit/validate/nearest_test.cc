// Labels that no config has, and which one they mean.
#include "host/validate/nearest.h"

#include <gtest/gtest.h>

#include "tests/unit/validate/synthetic.h"

namespace traincast {
namespace {

std::string nearest(std::initializer_list<const char*> known, const std::string& name, int year) {
  Library library;
  for (const char* stack : known) {
    library.stacks.emplace_back();
    library.stacks.back().name = stack;
  }
  const Stack* found = nearest_stack(library, name, year);
  return found == nullptr ? "none" : found->name;
}

TEST(Nearest, StacksByLeadingWordsThenEra) {
  const auto known = {"megatron-core-2024", "megatron-core-2026", "megatron-core-moe-2024",
                      "nemo-2025-02",       "nemo-mlperf-2023",   "other",
                      "other-2021",         "other-2025"};
  EXPECT_EQ(nearest(known, "megatron-core-2031", 0), "megatron-core-2026");
  EXPECT_EQ(nearest(known, "megatron-core-moe-2031", 0), "megatron-core-moe-2024");
  EXPECT_EQ(nearest(known, "nemo-2023", 0), "nemo-2025-02") << "not the MLPerf one, although it is nearer";
  EXPECT_EQ(nearest(known, "megatron-swift-2024", 0), "megatron-core-2024");
  EXPECT_EQ(nearest(known, "megatron-core", 2026), "megatron-core-2026") << "era of the row";
}

TEST(Nearest, AFrameworkThatNobodyKnowsIsTheOtherOneOfItsTime) {
  const auto known = {"nemo-2025-02", "other", "other-2021", "other-2025"};
  EXPECT_EQ(nearest(known, "novel-2019", 0), "other-2021");
  EXPECT_EQ(nearest(known, "novel", 2024), "other-2025");
  EXPECT_EQ(nearest(known, "", 2020), "other-2021");
  EXPECT_EQ(nearest(known, "", 0), "other") << "nothing says when";
  EXPECT_EQ(nearest({"nemo-2025-02"}, "novel", 2024), "none");
}

TEST(Nearest, GpusByTheLongestNameInTheLabel) {
  Library library;
  library.gpus.resize(3, test::small_gpu());
  library.gpus[0].name = "b200-sxm", library.gpus[0].aliases = {"B200"};
  library.gpus[1].name = "gb200", library.gpus[1].aliases = {"GB200"};
  library.gpus[2].name = "h100-sxm", library.gpus[2].aliases = {"H100"};
  const auto found = [&](const char* label) {
    const Gpu* gpu = find_gpu(library, label);
    return gpu == nullptr ? std::string("none") : gpu->name;
  };
  EXPECT_EQ(found("GB200 NVL72"), "gb200");
  EXPECT_EQ(found("NVIDIA B200 180GB"), "b200-sxm");
  EXPECT_EQ(found("h100 80GB SXM5"), "h100-sxm");
  EXPECT_EQ(found("H100"), "h100-sxm");
  EXPECT_EQ(found("TPU v5p"), "none");
}

TEST(Nearest, ModelsByTheirWholeName) {
  std::vector<Transformer> models(3);
  models[0].name = "gpt-4", models[1].name = "llama-3-8b", models[2].name = "llama-3.1-405b";
  const auto found = [&](const char* label) {
    const Transformer* model = named_model(models, label);
    return model == nullptr ? std::string("none") : model->name;
  };
  EXPECT_EQ(found("Llama3-8B"), "llama-3-8b");
  EXPECT_EQ(found("Llama3.1-405B (proxy)"), "llama-3.1-405b");
  EXPECT_EQ(found("GPT-40B"), "none");
  EXPECT_EQ(found("GPT-4B-2020"), "none");
  EXPECT_EQ(found("GPT-4"), "gpt-4");
}

}  // namespace
}  // namespace traincast
