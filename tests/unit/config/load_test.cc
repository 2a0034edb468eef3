#include "host/config/load.h"

#include <gtest/gtest.h>

#include "host/model/parameters.h"
#include "tests/unit/config/sample_configs.h"

namespace traincast {
namespace {

TEST(Load, Gpu) {
  const SampleConfigs configs;
  const Gpu gpu = load_gpu(configs.store(), "test");
  EXPECT_EQ(gpu.name, "test");
  EXPECT_EQ(gpu.product, "Test GPU");
  EXPECT_EQ(gpu.profile, "test-profile");
  EXPECT_EQ(gpu.peak(DataType::bf16), FlopRate(1e15));
  EXPECT_EQ(gpu.peak(DataType::fp8_e4m3), FlopRate(2e15));
  EXPECT_EQ(gpu.peak(DataType::fp4), FlopRate(0));
  EXPECT_EQ(gpu.compute.multiprocessors, 132);
  EXPECT_EQ(gpu.compute.from.source, "table 1");
  EXPECT_EQ(gpu.memory.capacity, Bytes(80 * kGiB));
  EXPECT_EQ(gpu.memory.from.source, "sheet");
  EXPECT_EQ(gpu.links.host, Bandwidth(55e9));
  EXPECT_EQ(gpu.power.server_training, Watts(969));
  EXPECT_EQ(gpu.power.from.origin, Origin::measured);
  EXPECT_EQ(gpu.price.rent, DollarRate(2.5 / 3600));
}

TEST(Load, GpuRefusals) {
  const SampleConfigs configs;
  const std::string file = configs.file("gpus/test.json");
  const auto refusal = [&](std::string_view from, std::string_view to) {
    configs.folder.write("gpus/test.json", replaced(kGpu, from, to));
    return message_of([&] { load_gpu(configs.store(), "test"); });
  };
  EXPECT_EQ(refusal("3.35 TB/s", "3.35 TBps"),
            file +
                "#/memory/bandwidth: unknown unit \"TBps\"; accepted: a number and one of B/s MB/s Gb/s GB/s "
                "Tb/s TB/s");
  EXPECT_EQ(refusal("\"bf16\"", "\"bf1\""),
            file + "#/compute: missing key \"bf16\"; found the similar \"bf1\"");
  EXPECT_EQ(refusal("132", "132.5"), file +
                                         "#/compute/multiprocessors: 132.5 is not written as a whole number "
                                         "within 64 bits; accepted: a whole number from 1 to 100000");
  EXPECT_EQ(refusal("\"board\"", "\"bord\": 1, \"board\""),
            file +
                "#/power: unknown key \"bord\"; accepted: board server_training clocked $schema notes origin "
                "source");
  EXPECT_EQ(
      refusal("\"500 TFLOP/s\"", "500"),
      file +
          "#/compute/tf32: found the number 500; accepted: a text of a number and one of FLOP/s GFLOP/s "
          "TFLOP/s PFLOP/s EFLOP/s");
  EXPECT_EQ(refusal("969 W", "96 W"),
            file + "#/power/server_training: the server's share 96.0 W is below half of the board's 700 W");
  EXPECT_EQ(refusal("\"source\": \"sheet\", ", ""), file + "#: missing key \"source\"");
  EXPECT_TRUE(refusal("test-profile", "test-profil")
                  .starts_with(file + "#/profile: no \"test-profil\" in " + configs.file("profiles") +
                               "; near it: test-profile; accepted: "));
}

TEST(Load, Cluster) {
  const SampleConfigs configs;
  const Cluster cluster = load_cluster(configs.store(), "site");
  EXPECT_EQ(cluster.name, "site");
  EXPECT_EQ(cluster.gpus(), 576);
  EXPECT_EQ(cluster.network.nic_per_gpu, Bandwidth(50e9));
  ASSERT_EQ(cluster.network.tiers.size(), 2U);
  EXPECT_EQ(cluster.network.tiers[1].name, "spine");
  EXPECT_EQ(cluster.network.tiers[1].oversubscription, 7);
  EXPECT_EQ(cluster.network.tiers[1].latency, Seconds(6e-6));
  EXPECT_EQ(cluster.reliability.restart, Seconds(600));
  EXPECT_TRUE(cluster.storage.asynchronous);
  EXPECT_EQ(cluster.power.price, EnergyPrice(64 / 3.6e9));
  EXPECT_EQ(cluster.power.from.origin, Origin::published);
}

TEST(Load, ClusterRefusals) {
  const SampleConfigs configs;
  const std::string file = configs.file("clusters/site.json");
  const auto refusal = [&](std::string_view from, std::string_view to) {
    configs.folder.write("clusters/site.json", replaced(kCluster, from, to));
    return message_of([&] { load_cluster(configs.store(), "site"); });
  };
  EXPECT_EQ(refusal("\"pue\": 1.2", "\"pue\": 0.9"),
            file + "#/power/pue: 0.9 is out of range; accepted: a plain number from 1 to 3");
  EXPECT_EQ(refusal("1024", "512"),
            file +
                "#/network/tiers: the outermost tier reaches 512 GPUs and the fleets have 576; accepted: a "
                "last tier that reaches all");
  EXPECT_EQ(refusal("1024", "256"), file +
                                        "#/network/tiers/1/gpus: this tier has 256 GPUs and the one inside "
                                        "it 256; accepted: tiers from the innermost to the outermost");
  EXPECT_EQ(refusal("\"gpus\": 64", "\"gpus\": -64"),
            file + "#/fleets/1/gpus: -64 is out of range; accepted: a whole number from 1 to 100000000");
  EXPECT_TRUE(refusal("\"old\"", "\"odl\"").starts_with(file + "#/fleets/1/gpu: no \"odl\" in "));
  EXPECT_EQ(refusal(R"([{"gpu": "test", "gpus": 512}, {"gpu": "old", "gpus": 64}])", "[]"),
            file + "#/fleets: the list is empty; accepted: one fleet or more");
}

TEST(Load, Transformer) {
  const SampleConfigs configs;
  const Transformer small = load_transformer(configs.store(), "small");
  EXPECT_EQ(small.layers, 8);
  EXPECT_TRUE(small.gated_ffn);
  EXPECT_FALSE(small.moe.has_value());
  EXPECT_EQ(small.stated_parameters, 155.7e6);
  EXPECT_EQ(small.from.source, "a paper");
  const Transformer mixture = load_transformer(configs.store(), "mixture");
  ASSERT_TRUE(mixture.moe.has_value());
  EXPECT_EQ(mixture.moe->shared_ffn_hidden, 1024);  // two shared experts, each as wide as a routed one
  EXPECT_EQ(mixture.moe->every, 1);
  EXPECT_EQ(mixture.mla.value().rope_dim, 32);
  EXPECT_EQ(mixture.mtp_layers, 1);
}

TEST(Load, TransformerRefusals) {
  const SampleConfigs configs;
  const auto refusal = [&](const std::string& name, const char* good, std::string_view from,
                           std::string_view to) {
    configs.folder.write("models/" + name + ".json", replaced(good, from, to));
    return message_of([&] { load_transformer(configs.store(), name); });
  };
  const std::string small = configs.file("models/small.json");
  const std::string mixture = configs.file("models/mixture.json");
  EXPECT_EQ(
      refusal("small", kModel, "155.7e6", "160e6"),
      small + "#/parameters: stated 1.6e+08, but the shape has 155730944; accepted: a difference up to 1 %");
  EXPECT_EQ(refusal("small", kModel, "\"parameters\"", "\"active_parameters\": 10e6, \"parameters\""),
            small +
                "#/active_parameters: stated 1e+07, but the shape has 122962944; accepted: a difference up "
                "to 5 %");
  EXPECT_EQ(refusal("small", kModel, "\"kv_heads\": 4", "\"kv_heads\": 5"),
            small + "#/kv_heads: heads 16 is no multiple of kv_heads 5");
  EXPECT_EQ(refusal("small", kModel, "\"vocab\"", "\"global_every\": 4, \"vocab\""),
            small +
                "#/global_every: without sliding_window every layer has full attention; accepted: both or "
                "none");
  EXPECT_EQ(refusal("mixture", kMixture, "\"top_k\": 4", "\"top_k\": 33"),
            mixture + "#/moe/top_k: 33 is out of range; accepted: a whole number from 1 to 32");
  EXPECT_EQ(refusal("mixture", kMixture, "\"shared_experts\": 2", "\"shared_ffn_hidden\": 2"),
            mixture +
                "#/moe/shared_ffn_hidden: shared_experts is 0 and shared_ffn_hidden 2; accepted: both zero "
                "or both not");
  const auto groups = [&](const std::string& text) {
    return refusal("mixture", kMixture, "\"top_k\": 4", "\"top_k\": 4, " + text);
  };
  EXPECT_EQ(groups("\"router_groups\": 5, \"router_group_top_k\": 2"),
            mixture + "#/moe/router_groups: 5 groups; accepted: a divisor of the 32 experts");
  EXPECT_EQ(groups("\"router_groups\": 16, \"router_group_top_k\": 1"),
            mixture + "#/moe/router_group_top_k: 1 groups hold 2 experts; accepted: at least top_k, 4");
  EXPECT_EQ(groups("\"router_groups\": 8"),
            mixture + "#/moe/router_group_top_k: 0 groups hold 0 experts; accepted: at least top_k, 4");
  EXPECT_EQ(groups("\"router_group_top_k\": 1"),
            mixture + "#/moe/router_group_top_k: 1 is out of range; accepted: a whole number from 0 to 0");
}

TEST(Load, Plan) {
  const SampleConfigs configs;
  const Plan plan = load_plan(configs.store(), "wide");
  EXPECT_EQ(plan.gpus(), 256);
  EXPECT_EQ(plan.virtual_stages, 1);
  EXPECT_EQ(plan.zero_stage, 1);
  EXPECT_TRUE(plan.sequence_parallel);
  EXPECT_EQ(plan.recompute, Recompute::selective);
  EXPECT_EQ(plan.stack, "base");
  const std::string file = configs.file("plans/wide.json");
  const auto refusal = [&](std::string_view from, std::string_view to) {
    configs.folder.write("plans/wide.json", replaced(kPlan, from, to));
    return message_of([&] { load_plan(configs.store(), "wide"); });
  };
  EXPECT_EQ(refusal("1f1b", "gpipe"),
            file + "#/schedule: found the text \"gpipe\"; accepted: one of 1f1b interleaved zb-h1 dualpipe");
  EXPECT_EQ(refusal("\"data_parallel\": 16", "\"data_parallel\": 10000000, \"context_parallel\": 10000000"),
            file + "#: tensor x pipeline x context x data is more than 1000000000 GPUs");
  EXPECT_TRUE(
      refusal("\"base\"", "\"bsae\"")
          .starts_with(file + "#/stack: no \"bsae\" in " + configs.file("stacks") + "; near it: base;"));
}

TEST(Load, StackInheritsWhatItDoesNotSay) {
  const SampleConfigs configs;
  configs.folder.write("stacks/newer.json", R"({"origin": "assumed", "source": "own", "parent": "base",
                       "attention": "flash3", "step_overhead": "1 ms"})");
  configs.folder.write("stacks/newest.json",
                       R"({"origin": "assumed", "source": "own", "parent": "newer", "time_factor": 0.9})");
  const Stack base = load_stack(configs.store(), "base");
  EXPECT_EQ(base.time_factor, 1.1);
  EXPECT_DOUBLE_EQ(base.layer_overhead.value(), 20e-6);
  EXPECT_EQ(base.moe_overhead, Seconds(0));
  EXPECT_EQ(base.from.origin, Origin::fitted);
  const Stack newest = load_stack(configs.store(), "newest");
  EXPECT_EQ(newest.name, "newest");
  EXPECT_EQ(newest.attention, AttentionKernel::flash3);
  EXPECT_EQ(newest.step_overhead, Seconds(1e-3));
  EXPECT_EQ(newest.time_factor, 0.9);
  EXPECT_EQ(newest.data_exposed, base.data_exposed);
  EXPECT_EQ(newest.from.source, "own");
}

TEST(Load, StackRefusals) {
  const SampleConfigs configs;
  const auto refusal = [&](const std::string& text) {
    configs.folder.write("stacks/base.json", text);
    return message_of([&] { load_stack(configs.store(), "base"); });
  };
  const std::string file = configs.file("stacks/base.json");
  EXPECT_EQ(refusal(replaced(kStack, "\"gradient_bytes\": 4, ", "")),
            file + "#: missing key \"gradient_bytes\"");
  EXPECT_EQ(refusal(replaced(kStack, "0.8", "1.8")),
            file + "#/tensor_exposed: 1.8 is out of range; accepted: a plain number from 0 to 1");
  EXPECT_EQ(refusal(R"({"origin": "assumed", "source": "s", "parent": "base"})"),
            file + "#/parent: a cycle of parents: base -> base");
  configs.folder.write("stacks/b.json", R"({"origin": "assumed", "source": "s", "parent": "base"})");
  EXPECT_EQ(refusal(R"({"origin": "assumed", "source": "s", "parent": "b"})"),
            configs.file("stacks/b.json") + "#/parent: a cycle of parents: base -> b -> base");
  configs.folder.write("mine/b.json", R"({"origin": "assumed", "source": "s", "parent": "../mine/a.json"})");
  const std::string mine =
      configs.folder.write("mine/a.json", R"({"origin": "assumed", "source": "s", "parent": "b.json"})")
          .string();
  EXPECT_EQ(message_of([&] { load_stack(configs.store(), mine); }),
            configs.file("mine/b.json") + "#/parent: a cycle of parents: a -> b -> a");
  // A stack of one's own may have the name of its parent.
  configs.folder.write("stacks/base.json", kStack);
  const auto own =
      configs.folder.write("mine/base.json", R"({"origin": "assumed", "source": "s", "parent": "base"})");
  EXPECT_EQ(load_stack(configs.store(), own.string()).time_factor, 1.1);
  for (int i = 0; i < 40; ++i) {
    configs.folder.write(
        "stacks/s" + std::to_string(i) + ".json",
        R"({"origin": "assumed", "source": "s", "parent": "s)" + std::to_string(i + 1) + "\"}");
  }
  EXPECT_NE(message_of([&] { load_stack(configs.store(), "s0"); }).find("accepted: up to 32 of them"),
            std::string::npos);
}

}  // namespace
}  // namespace traincast
