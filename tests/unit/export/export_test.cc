// Files for Calculon and ASTRA-sim: what they hold of one run, what is refused, and the program's bad input.
#include "host/export/export.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/calibrate/system.h"
#include "host/config/load.h"
#include "host/export/links.h"
#include "host/model/layer.h"
#include "host/model/shard.h"
#include "tests/golden/golden.h"
#include "tests/golden/program.h"
#include "tests/unit/config/temporary.h"

namespace traincast {
namespace {

using Json = nlohmann::json;

struct ExportTest : testing::Test {
  ConfigStore store{TRAINCAST_TEST_CONFIGS};
  Calibrator calibrator{store};
  traincast::Run run = load_run(store, "llama-3.1-405b-16k");
  CalibratedSystem system = calibrator.system(run, "h100-sxm");

  Export calculon() const { return export_calculon(run, system.view()); }
  static Json json(const Export& result, std::size_t file) { return Json::parse(result.files.at(file).text); }
};

TEST_F(ExportTest, FilesAreThoseRecorded) {
  for (const ExportedFile& file : calculon().files) expect_golden("export/calculon/" + file.name, file.text);
  for (const ExportedFile& file : export_astra_sim(run, system.view()).files) {
    expect_golden("export/astra-sim/" + file.name, file.text);
  }
}

TEST_F(ExportTest, CalculonsBlockHasTheWeightsOfALayer) {
  const Json app = json(calculon(), 0);
  const double hidden = app["hidden"];
  const double heads = app["attn_heads"].get<double>() * app["attn_size"].get<double>();
  const double weights = 2 * hidden * app["feedforward"].get<double>() + 4 * hidden * heads;
  const double layer = layer_parameters(run.model, run.plan, false).total() * 8;  // tensor ranks
  EXPECT_NEAR(weights / layer, 1, 1e-3);                                          // norms
  EXPECT_EQ(app["num_blocks"], 126);
}

TEST_F(ExportTest, CalculonsExecutionIsThePlan) {
  const Json execution = json(calculon(), 1);
  EXPECT_EQ(execution.size(), 23U);  // it takes neither more nor fewer
  EXPECT_EQ(execution["num_procs"], 16384);
  EXPECT_EQ(execution["tensor_par"].get<int>() * execution["pipeline_par"].get<int>() *
                execution["data_par"].get<int>(),
            16384);
  EXPECT_EQ(execution["tensor_par_net"], 0);
  EXPECT_EQ(execution["data_par_net"], 1);
  EXPECT_EQ(execution["tensor_par_comm_type"], "rs_ag");
  EXPECT_EQ(execution["activation_recompute"], "attn_only");  // as fused attention does
}

// Calculon's formula with the exported numbers is our time of the same message.
TEST_F(ExportTest, CalculonsNetworksTakeOurTimes) {
  const Json networks = json(calculon(), 2)["networks"];
  const auto time = [&](int network, const char* op, double bytes, double ranks) {
    const Json& net = networks[static_cast<std::size_t>(network)];
    const double scalar = net["ops"][op][0];
    const double offset = net["ops"][op][1].is_null() ? 0 : net["ops"][op][1].get<double>();
    const double sent = bytes * scalar * (1 + offset / ranks);
    return net["latency"].get<double>() +
           sent / (net["bandwidth"].get<double>() * 1e9 * net["efficiency"].get<double>());
  };
  const System view = system.view();
  const CommGroup tensor = tensor_group(run.plan, view);
  const double gather = view.collectives->time(Collective::all_gather, tensor_message(run), tensor).value();
  EXPECT_NEAR(time(0, "all_gather", tensor_message(run).value(), 8) / gather, 1, 2e-3);
  const double scatter =
      view.collectives->time(Collective::reduce_scatter, tensor_message(run), tensor).value();
  EXPECT_NEAR(time(0, "reduce_scatter", tensor_message(run).value(), 8) / scatter, 1, 2e-3);
  const CommGroup data = data_group(run.plan, view);
  const double replicas = view.collectives->time(Collective::all_gather, layer_message(run), data).value();
  EXPECT_NEAR(time(1, "all_gather", layer_message(run).value(), 128) / replicas, 1, 2e-3);
}

TEST_F(ExportTest, CalculonsEfficienciesFallWithSize) {
  const Json system_file = json(calculon(), 2);
  for (const Json& table :
       {system_file["matrix"]["bfloat16"]["gflops_efficiency"], system_file["mem1"]["MB_efficiency"]}) {
    ASSERT_GT(table.size(), 10U);
    for (std::size_t i = 0; i < table.size(); ++i) {
      EXPECT_GT(table[i][1], 0);
      EXPECT_LE(table[i][1], 1);
      if (i > 0) {
        EXPECT_LT(table[i][0], table[i - 1][0]);
      }
    }
    EXPECT_EQ(table.back()[0], 0);  // every size is covered
    EXPECT_LT(table.back()[1], table.front()[1]);
  }
}

TEST_F(ExportTest, AstraSimsLayersTakeOurTimes) {
  const Export result = export_astra_sim(run, system.view());
  std::istringstream lines(result.files.at(2).text);
  std::string mode;
  int layers = 0;
  lines >> mode >> layers;
  EXPECT_EQ(mode, "DATA");
  EXPECT_EQ(layers, 7);  // of 126 on 16 stages, the first has one less
  std::string name, type;
  double reserved = 0, size = 0, update = 0, seconds = 0;
  for (int i = 0; i < layers; ++i) {
    lines >> name >> reserved;
    for (int pass = 0; pass < 3; ++pass) {
      double microseconds = 0;
      lines >> microseconds >> type >> size;
      seconds += microseconds * 1e-6;
    }
    lines >> update;
    EXPECT_EQ(type, "ALLREDUCE");
  }
  ASSERT_TRUE(lines);
  const PassTimes layer =
      layer_times(run.model, run.plan, run.stack, system.view(), LayerKind::dense, run.model.sequence);
  EXPECT_NEAR(seconds, 16 * 7 * layer.total(), 1e-4);
  EXPECT_NEAR(size, layer_parameters(run.model, run.plan, false).total() * run.stack.gradient_bytes, 1);
  EXPECT_NE(result.files.at(0).text.find("npus_count: [ 128 ]"), std::string::npos);
}

// Chakra's converter leaves out the input gradient of the first layer, so that it is part of the weights'
// there.
TEST_F(ExportTest, AstraSimsFirstLayerHasNoInputGradientOfItsOwn) {
  std::istringstream lines(export_astra_sim(run, system.view()).files.at(2).text);
  std::string skip;
  double layers = 0, inputs[2] = {}, weights[2] = {};
  lines >> skip >> layers;
  for (int i = 0; i < 2; ++i) {
    for (int column = 0; column < 5; ++column) lines >> skip;
    lines >> inputs[i] >> skip >> skip >> weights[i] >> skip >> skip >> skip;
  }
  ASSERT_TRUE(lines);
  EXPECT_EQ(inputs[0], 0);
  EXPECT_GT(inputs[1], 0);
  EXPECT_NEAR(weights[0], inputs[1] + weights[1], 1);
}

// Its ring: 2 (n - 1) steps, each two links of a switch and a part of the message at GB of 2^30 bytes.
TEST_F(ExportTest, AstraSimsRingTakesOurTime) {
  const Export result = export_astra_sim(run, system.view());
  std::istringstream network(result.files.at(0).text);
  const auto number_after = [&](const std::string& key) {
    std::string word;
    while (network >> word && word != key) {
    }
    double value = 0;
    network >> word >> value;
    return value;
  };
  const double rate = number_after("bandwidth:") * 1073741824;
  const double latency = number_after("latency:") * 1e-9;
  const double bytes = layer_parameters(run.model, run.plan, false).total() * run.stack.gradient_bytes;
  const double ring = 254 * (2 * latency + bytes / 128 / rate);
  const CommGroup group = data_group(run.plan, system.view());
  const double ours = system.view().collectives->time(Collective::all_reduce, Bytes(bytes), group).value();
  EXPECT_NEAR(ring / ours, 1, 0.06);  // all-reduce is no exact double of the all-gather that is fitted
  const double gather = system.view().collectives->time(Collective::all_gather, Bytes(bytes), group).value();
  EXPECT_NEAR(ring / 2 / gather, 1, 2e-3);
}

TEST_F(ExportTest, WhatCannotBeExpressedIsRefused) {
  const auto spoiled = [&](auto change) {
    auto other = run;
    change(other);
    return message_of([&] { export_calculon(other, system.view()); });
  };
  EXPECT_EQ(spoiled([](auto& r) { r.model.moe.emplace(); }),
            "llama-3.1-405b-16k: Calculon knows no mixture of experts; accepted: a dense model");
  EXPECT_NE(spoiled([](auto& r) { r.model.mla.emplace(); }).find("latent"), std::string::npos);
  EXPECT_NE(spoiled([](auto& r) { r.model.sliding_window = 512; }).find("sliding"), std::string::npos);
  EXPECT_NE(spoiled([](auto& r) { r.plan.context_parallel = 2; }).find("context_parallel 1"),
            std::string::npos);
  EXPECT_NE(spoiled([](auto& r) { r.plan.zero_stage = 3; }).find("zero_stage"), std::string::npos);
  EXPECT_NE(spoiled([](auto& r) { r.plan.precision = Precision::fp8; }).find("bf16"), std::string::npos);
  EXPECT_NE(spoiled([](auto& r) { r.plan.schedule = Schedule::dual_pipe; }).find("1f1b"), std::string::npos);
  EXPECT_NE(spoiled([](auto& r) { r.model.ffn_hidden = 1; }).find("keys and values"), std::string::npos);
  const auto astra = [&](auto change) {
    auto other = run;
    change(other);
    return message_of([&] { export_astra_sim(other, system.view()); });
  };
  EXPECT_NE(astra([](auto& r) { r.model.moe.emplace(); }).find("dense"), std::string::npos);
  EXPECT_NE(astra([](auto& r) { r.plan.context_parallel = 2; }).find("context_parallel 1"),
            std::string::npos);
  EXPECT_NE(astra([](auto& r) { r.plan.zero_stage = 3; }).find("zero_stage 0, 1 or 2"), std::string::npos);
  EXPECT_NE(astra([](auto& r) {
              r.plan.zero_stage = 2;
              r.plan.pipeline_parallel = 1;
            }).find("zero_stage 0 or 1, a pipeline"),
            std::string::npos);
  EXPECT_NE(astra([](auto& r) { r.plan.data_parallel = 1; }).find("data_parallel 2 or more"),
            std::string::npos);
}

TEST(ExportCommand, BadInputIsOneLine) {
  const TemporaryFolder folder;
  const std::string out = " --out '" + (folder.path() / "x").string() + "'";
  const std::string configs = " --configs '" TRAINCAST_TEST_CONFIGS "'";
  const struct {
    std::string words, expected;
  } cases[] = {{"export calculon", "KIND RUN"},
               {"export seal llama-3.1-405b-16k" + out, "accepted: calculon astra-sim"},
               {"export calculon llama-3.1-405b-16k", "--out DIR"},
               {"export calculon nothing" + out, "no \"nothing\""},
               {"export calculon grok-1-512" + out, "grok-1-512: Calculon knows no mixture of experts"},
               {"export astra-sim grok-1-512" + out, "accepted: a dense model"},
               {"export calculon llama-3.1-405b-16k --out '" + folder.write("file", "").string() + "'",
                "cannot make the folder"}};
  for (const auto& wrong : cases) {
    const Outcome outcome = run_traincast(wrong.words + configs);
    EXPECT_EQ(outcome.code, 2) << wrong.words;
    EXPECT_NE(outcome.err.find(wrong.expected), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "x"));
}

TEST(ExportCommand, WritesAllFilesOrNone) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "execution.json");
  const Outcome outcome = run_traincast("export calculon llama-3.1-405b-16k --out '" +
                                        folder.path().string() + "' --configs '" TRAINCAST_TEST_CONFIGS "'");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("execution.json: it is a folder"), std::string::npos) << outcome.err;
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(ExportCommand, WritesTheFilesAndSaysWhatIsNotInThem) {
  const TemporaryFolder folder;
  const Outcome outcome =
      run_traincast("export calculon llama-3.1-405b-16k --out '" + folder.path().string() +
                    "/a/b' --configs '" TRAINCAST_TEST_CONFIGS "'");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("not in it: embedding and output layer"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("here a step takes"), std::string::npos) << outcome.err;
  for (const char* file : {"application.json", "execution.json", "system.json"}) {
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "a" / "b" / file)) << file;
  }
}

}  // namespace
}  // namespace traincast
