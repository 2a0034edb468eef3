// A row meets the library: found by name or alias, refused with a reason, completed by stated rules.
#include "host/validate/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "host/model/memory.h"
#include "tests/unit/validate/synthetic.h"

namespace traincast {
namespace {

bool assumed(const Prediction& prediction, std::string_view part) {
  const auto& texts = prediction.row.assumptions;
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

TEST(Predict, AKnownRowIsPredictedAndScored) {
  PublishedRun run = test::small_run("r", "f", "c");
  run.measured = Seconds(2);
  const Prediction prediction = predict(run, test::small_library());
  EXPECT_EQ(prediction.row.status, "ok");
  EXPECT_TRUE(prediction.row.reason.empty() && prediction.row.scored);
  EXPECT_GT(prediction.row.predicted_s, 0);
  EXPECT_DOUBLE_EQ(prediction.row.log_error, std::log(prediction.row.predicted_s / 2));
  EXPECT_DOUBLE_EQ(prediction.row.predicted_s, prediction.step.time.value());
  run.gpu_label = "S1";
  EXPECT_DOUBLE_EQ(predict(run, test::small_library()).row.predicted_s, prediction.row.predicted_s)
      << "alias";
}

TEST(Predict, RefusedRowsKeepTheirReasonAndAreNotScored) {
  const auto refused = [](PublishedRun run, const Library& library) {
    const ScoredRow row = predict(std::move(run), library).row;
    EXPECT_EQ(row.status, "cannot express");
    EXPECT_FALSE(row.scored);
    return row.reason;
  };
  PublishedRun run = test::small_run("r", "f", "c");
  run.reason = "because";
  EXPECT_EQ(refused(run, test::small_library()), "because");
  run.reason.clear();
  run.gpu_label = "X9";
  EXPECT_EQ(refused(run, test::small_library()), "no GPU config is called \"X9\"");
  run = test::small_run("r", "f", "c");
  Library rateless = test::small_library();
  rateless.gpus[0].sustained.gemm = {};
  EXPECT_EQ(refused(run, rateless), "small has no rate for fp16");
  run = test::small_run("r", "f", "c");
  run.plan.pipeline_parallel = run.gpus = 5;  // two layers, embedding and head
  EXPECT_EQ(refused(run, test::small_library()), "PP is more stages than layers");
  run = test::small_run("r", "f", "c");
  run.stack = "unheard";
  EXPECT_EQ(refused(run, test::small_library()), "no stack config is called \"unheard\", and none \"other\"");
}

TEST(Predict, AnUnknownStackIsTheOtherOneAndSaysSo) {
  Library library = test::small_library(1.5);
  library.stacks[0].name = "other";
  PublishedRun run = test::small_run("r", "f", "c");
  run.stack = "unheard";
  const Prediction prediction = predict(run, library);
  EXPECT_EQ(prediction.row.status, "ok");
  EXPECT_TRUE(assumed(prediction, "no stack config is called \"unheard\": other"));
}

TEST(Predict, AnUnknownEraIsTheNearestOneOfItsFamily) {
  Library library = test::small_library();
  library.stacks.resize(3, library.stacks[0]);
  library.stacks[0].name = "nemo-2024";
  library.stacks[1].name = "nemo-2025-05";
  library.stacks[2].name = "other";
  PublishedRun run = test::small_run("r", "f", "c");
  for (const auto& [unheard, nearest] : {std::pair{"nemo-2025-02", "nemo-2025-05"},
                                         {"nemo-2023", "nemo-2024"},
                                         {"nemo-2024-03", "nemo-2024"},
                                         {"maxtext-2024", "other"}}) {
    run.stack = unheard;
    EXPECT_TRUE(assumed(predict(run, library),
                        "no stack config is called \"" + std::string(unheard) + "\": " + nearest))
        << unheard;
  }
}

TEST(Predict, AFormatWithoutARateIsTheNextWider) {
  PublishedRun run = test::small_run("r", "f", "c");
  const double bf16 = predict(run, test::small_library()).row.predicted_s;
  run.plan.precision = Precision::nvfp4;
  const Prediction prediction = predict(run, test::small_library());
  EXPECT_DOUBLE_EQ(prediction.row.predicted_s, bf16);
  EXPECT_TRUE(assumed(prediction, "small has no rate for fp4: taken as bf16"));
}

TEST(Predict, AMappingThatNobodyStatesIsOneThatFits) {
  PublishedRun run = test::small_run("r", "f", "c");
  run.gpus = run.plan.data_parallel = 16;
  run.mapping_stated = run.zero_stated = false;
  EXPECT_EQ(predict(run, test::small_library()).plan.zero_stage, 1);
  // A hundredth too little for a whole copy of the weights on every GPU.
  Library tight = test::small_library();
  Plan plan = run.plan;
  plan.recompute = Recompute::full;
  tight.gpus[0].memory.capacity = 0.99 * estimate_memory(run.model, plan, tight.stacks[0]).total();
  const Prediction sharded = predict(run, tight);
  EXPECT_EQ(sharded.plan.zero_stage, 3);
  EXPECT_TRUE(assumed(sharded, "ZeRO-3, which fits"));
  run.zero_stated = true;
  const Prediction split = predict(run, tight);
  EXPECT_EQ(split.plan.zero_stage, 1);
  EXPECT_EQ(split.plan.tensor_parallel, 2);
  EXPECT_EQ(split.plan.gpus(), 16);
}

TEST(Predict, MoreStagesThanLayersAreFewerVirtualOnes) {
  PublishedRun run = test::small_run("r", "f", "c");
  run.gpus = run.plan.pipeline_parallel = 2;
  run.plan.virtual_stages = 7;
  const Prediction prediction = predict(run, test::small_library());
  EXPECT_EQ(prediction.plan.virtual_stages, 2) << "two layers, embedding and head";
  EXPECT_TRUE(assumed(prediction, "PP x VPP is more stages than layers: VPP 2"));
}

TEST(Predict, HybridsAreSlowerAndNotScored) {
  PublishedRun run = test::small_run("r", "f", "c");
  const double plain = predict(run, test::small_library()).row.predicted_s;
  run.hybrid = true;
  const ScoredRow row = predict(run, test::small_library()).row;
  EXPECT_DOUBLE_EQ(row.predicted_s, 1.3 * plain);
  EXPECT_EQ(row.status, "ok");
  EXPECT_FALSE(row.scored);
}

TEST(Predict, UnstatedRecomputationIsTheLeastThatFits) {
  PublishedRun run = test::small_run("r", "f", "c");
  run.recompute_stated = false;
  const Prediction roomy = predict(run, test::small_library());
  EXPECT_EQ(roomy.plan.recompute, Recompute::none);
  EXPECT_TRUE(assumed(roomy, "recomputation not stated: none"));
  // Activations of 16 sequences at once do not fit into 6 GiB, the weights' states do.
  run.plan.micro_batch = 16;
  Library tight = test::small_library();
  tight.gpus[0].memory.capacity = Bytes(6 * kGiB);
  const Prediction full = predict(run, tight);
  EXPECT_EQ(full.plan.recompute, Recompute::full);
  EXPECT_GT(full.plan.recompute_share, 0);
  EXPECT_LE(full.plan.recompute_share, 1);
  EXPECT_GT(full.row.predicted_s, predict(run, test::small_library()).row.predicted_s);
  // Stacks that move activations to host memory do so only over a fast link.
  tight.stacks[0].offload_when_needed = true;
  EXPECT_EQ(predict(run, tight).plan.recompute, Recompute::full);
  tight.gpus[0].links.host = Bandwidth(450e9);
  const Prediction moved = predict(run, tight);
  EXPECT_EQ(moved.plan.recompute, Recompute::none);
  EXPECT_TRUE(assumed(moved, "activations moved to host memory"));
  Library always = test::small_library();
  always.stacks[0].always_recompute = true;
  EXPECT_EQ(predict(run, always).plan.recompute, Recompute::full);
}

TEST(Predict, UnstatedVirtualStagesFollowTheStack) {
  PublishedRun run = test::small_run("r", "f", "c");
  run.model.layers = 8;
  run.plan.pipeline_parallel = 2;
  run.gpus = 2;
  run.virtual_stages_stated = false;
  const Prediction stepped = predict(run, test::small_library());
  EXPECT_EQ(stepped.plan.virtual_stages, 1);
  Library interleaving = test::small_library();
  interleaving.stacks[0].interleave_by_default = true;
  const Prediction interleaved = predict(run, interleaving);
  EXPECT_EQ(interleaved.plan.virtual_stages, 4) << "one layer a chunk";
  EXPECT_EQ(interleaved.plan.schedule, Schedule::interleaved);
  EXPECT_TRUE(assumed(interleaved, "virtual stages not stated: 4"));
  run.model.layers = 6;  // with embedding and head 8 units
  run.plan.pipeline_parallel = run.gpus = 4;
  EXPECT_EQ(predict(run, interleaving).plan.virtual_stages, 2);
}

// Experts of a stack that shards them follow the tensor ranks where they can, and the source says nothing.
TEST(Predict, UnstatedExpertTensorParallelismFollowsTheStack) {
  PublishedRun run = test::small_run("r", "f", "c");
  run.model.moe = MixtureOfExperts{.experts = 4, .top_k = 2, .ffn_hidden = 1024};
  run.plan.tensor_parallel = 2;
  run.plan.expert_parallel = 2;
  run.plan.data_parallel = 2;
  run.gpus = 4;
  run.expert_tensor_stated = false;
  const Library whole = test::small_library();
  EXPECT_EQ(predict(run, whole).plan.expert_tensor_parallel, 1);
  Library sharding = whole;
  sharding.stacks[0].shard_experts_by_default = true;
  const Prediction sharded = predict(run, sharding);
  EXPECT_EQ(sharded.plan.expert_tensor_parallel, 2);
  EXPECT_TRUE(assumed(sharded, "expert tensor parallelism not stated: 2"));
  run.expert_tensor_stated = true;
  EXPECT_EQ(predict(run, sharding).plan.expert_tensor_parallel, 1);
  run.expert_tensor_stated = false;
  run.plan.expert_parallel = 4;  // all ranks: none is left for shards
  EXPECT_EQ(predict(run, sharding).plan.expert_tensor_parallel, 1);
}

TEST(Predict, MemoryIsComparedWhereItWasMeasured) {
  PublishedRun run = test::small_run("r", "f", "c");
  EXPECT_EQ(predict(run, test::small_library()).row.predicted_bytes, 0);
  run.measured_memory = Bytes(1e9);
  const ScoredRow row = predict(run, test::small_library()).row;
  EXPECT_EQ(row.measured_bytes, 1e9);
  EXPECT_GT(row.predicted_bytes, 0);
}

}  // namespace
}  // namespace traincast
