// The layouts of other projects, and files that have none.
#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "tests/unit/validate/rows.h"

namespace traincast {
namespace {

using namespace test;

TEST(PublishedRows, VtrainLayout) {
  const Fields row = {{"id", "V-1"},         {"params_total_B", "3.6"},
                      {"gpus", "64"},        {"gbs_seqs", "512"},
                      {"mbs", "8"},          {"hidden", "3072"},
                      {"heads", "32"},       {"layers", "30"},
                      {"seq", "2048"},       {"tp", "2"},
                      {"dp", "16"},          {"pp", "2"},
                      {"iter_time_s", "3.5"}};
  EXPECT_EQ(layout_of(table_of(row)), RunLayout::vtrain);
  const PublishedRun run = read(row);
  EXPECT_EQ(run.reason, "");
  EXPECT_EQ(run.family, "VTRAIN");
  EXPECT_EQ(run.model.ffn_hidden, 4 * 3072);
  EXPECT_EQ(run.model.vocab, 51200);
  EXPECT_FALSE(run.model.gated_ffn);
  EXPECT_EQ(run.plan.precision, Precision::fp16);
  EXPECT_EQ(run.plan.zero_stage, 0);
  EXPECT_FALSE(run.plan.sequence_parallel);
  EXPECT_FALSE(run.recompute_stated);
  EXPECT_DOUBLE_EQ(run.nic_per_gpu->value(), 12.5e9) << "800 Gbit/s for 8 GPUs";
  EXPECT_DOUBLE_EQ(run.measured->value(), 3.5);
  for (const Fields& changes : {Fields{{"tp", "4"}}, Fields{{"gbs_seqs", "500"}}}) {
    EXPECT_NE(read(with(row, changes)).reason.find("does not match"), std::string::npos);
  }
  EXPECT_EQ(read(with(row, {{"iter_time_s", ""}})).reason, "no step time printed");
}

TEST(PublishedRows, SimumaxLayout) {
  const Fields row = {{"case", "llama3_405b_l4"},
                      {"model", "llama3_405b"},
                      {"layers", "4"},
                      {"gpu", "B200"},
                      {"gpus", "8"},
                      {"tp", "2"},
                      {"pp", "1"},
                      {"dp", "4"},
                      {"ep", "1"},
                      {"cp", "1"},
                      {"seq", "4096"},
                      {"mbs", "1"},
                      {"micro_batches", "8"},
                      {"precision", "BF16"},
                      {"iter_time_s", "1.7"},
                      {"peak_memory_gib", "81.6"}};
  EXPECT_EQ(layout_of(table_of(row)), RunLayout::simumax);
  Transformer known;
  known.name = "llama-3.1-405b";
  known.layers = 126, known.hidden = 16384, known.heads = 128, known.kv_heads = 8;
  const PublishedRun run = read(row, {known});
  EXPECT_EQ(run.reason, "");
  EXPECT_EQ(run.id, "llama3_405b_l4");
  EXPECT_EQ(run.model.layers, 4);
  EXPECT_EQ(run.model.hidden, 16384);
  EXPECT_EQ(run.model.kv_heads, 16) << "as that project ran it";
  EXPECT_EQ(run.plan.global_batch, 32) << "1 sequence x 4 ranks x 8 micro-batches";
  EXPECT_NEAR(run.measured_memory->value(), 81.6 * kGiB, 1);
  EXPECT_EQ(read(row).reason, "no shipped model called llama3_405b");
}

TEST(PublishedRows, AnUnknownHeaderNamesTheAcceptedLayouts) {
  try {
    (void)layout_of(CsvTable::parse("name,speed\nx,1\n", "odd.csv"));
    FAIL();
  } catch (const ConfigError& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find("odd.csv:1: the header is none of the accepted layouts"), 0U) << text;
    for (const char* layout : {"published runs", "vTrain", "SimuMax"}) {
      EXPECT_NE(text.find(layout), std::string::npos) << layout;
    }
  }
}

}  // namespace
}  // namespace traincast
