#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "host/base/errors.h"
#include "host/config/load_reliability.h"

namespace traincast {
namespace {

constexpr const char* kPhases =
    R"("communicators": "nccl", "restart_phases": {"detect": "1 min", "reschedule": "1 min"})";

class ReliabilityConfigTest : public testing::Test {
 protected:
  Reliability read(const std::string& members) const {
    Reader reader =
        Reader::from_text(R"({"origin": "assumed", "source": "test")" + members + "}", "test.json");
    Reliability out = read_reliability(reader, store_);
    reader.finish();
    return out;
  }
  void refused(const std::string& members, const std::string& words) const {
    try {
      static_cast<void>(read(members));
      ADD_FAILURE() << members << " was accepted";
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }
  ConfigStore store_{TRAINCAST_TEST_CONFIGS};
};

TEST_F(ReliabilityConfigTest, ShortForm) {
  const Reliability r = read(R"(, "mtbf_per_gpu": "50700 h", "restart": "10 min")");
  EXPECT_EQ(r.mtbf_per_gpu, Seconds(50700 * 3600.0));
  EXPECT_EQ(r.restart, Seconds(600));
  EXPECT_FALSE(r.by_phases);
  EXPECT_TRUE(r.causes.empty());
  EXPECT_EQ(r.spare_nodes, -1);
}

TEST_F(ReliabilityConfigTest, CountsOverTimeAndGpus) {
  const Reliability r = read(std::string(R"(, "observed": {"gpus": 100, "time": "10 d"}, "causes": [
    {"name": "GPU", "count": 15, "takes_node": true}, {"name": "software", "count": 5},
    {"name": "maintenance", "count": 2, "per_job": true, "planned": true}], )") +
                             kPhases);
  EXPECT_DOUBLE_EQ(r.mtbf_per_gpu.value(), 100 * 864000.0 / 20);
  ASSERT_EQ(r.causes.size(), 3U);
  EXPECT_DOUBLE_EQ(r.causes[0].share, 0.75);
  EXPECT_DOUBLE_EQ(r.causes[2].per_job.value(), 2 / 864000.0);
  EXPECT_TRUE(r.by_phases);
}

TEST_F(ReliabilityConfigTest, RatesOfZeroNeverFail) {
  const Reliability r = read(R"(, "observed": {"gpus": 100, "time": "10 d"},
    "causes": [{"name": "GPU", "count": 0}], "restart": "1 min")");
  EXPECT_EQ(r.mtbf_per_gpu, Seconds(0));
}

TEST_F(ReliabilityConfigTest, SetsAndWhatDiffers) {
  const Reliability set = load_reliability(store_, "llama-3");
  EXPECT_NEAR(set.mtbf_per_gpu.value() / 3600, 54 * 24 * 16384 / 419.0, 1e-6);
  const Reliability r = read(R"(, "set": "llama-3", "spare_nodes": 100, "repair": "24 h")");
  EXPECT_EQ(r.mtbf_per_gpu, set.mtbf_per_gpu);
  EXPECT_TRUE(r.by_phases);
  EXPECT_EQ(r.spare_nodes, 100);
  EXPECT_NE(r.from.source.find("set: The Llama 3 Herd"), std::string::npos);
  const Reliability slower = read(R"(, "set": "llama-3", "restart": "15 min", "mtbf_per_gpu": "1000 h")");
  EXPECT_FALSE(slower.by_phases);
  EXPECT_EQ(slower.restart, Seconds(900));
  EXPECT_EQ(slower.mtbf_per_gpu, Seconds(3.6e6));
  EXPECT_EQ(slower.causes.size(), set.causes.size());
  const Reliability replicas = read(R"(, "set": "rsc-1", "replica_recovery": {"regroup": "3 min"})");
  EXPECT_TRUE(replicas.by_replica);
  EXPECT_EQ(replicas.regroup, Seconds(180));
}

// By hand: 0.838 ms and 12.17 ns on 98,304 ranks are 82.379 s + 117.607 s.
TEST_F(ReliabilityConfigTest, CommunicatorsStartByRanksAndTheirPairs) {
  const Communicators nccl = load_communicators(store_, "nccl");
  EXPECT_EQ(nccl.library, "nccl");
  EXPECT_NEAR(nccl.start(98304).value(), 199.986, 1e-3);
  EXPECT_NEAR(nccl.start(16384).value(), 16.997, 1e-3);  // 13.730 + 3.267
  EXPECT_NEAR(load_communicators(store_, "ncclx").start(98304).value(), 23.986, 1e-3);
  EXPECT_NEAR(load_communicators(store_, "megatron-2023").start(2048).value(), 1046.9, 0.1);
}

TEST_F(ReliabilityConfigTest, CommunicatorsOfASetAndOfOnesOwn) {
  EXPECT_EQ(read(R"(, "set": "llama-3-hot-spares")").communicators.library, "ncclx");
  EXPECT_EQ(read(R"(, "set": "rsc-1")").restart, Seconds(600));
  const Reliability own = read(R"(, "set": "llama-3-hot-spares", "communicators": "nccl")");
  EXPECT_EQ(own.communicators.library, "nccl");
  EXPECT_EQ(own.detect, Seconds(30));
  // A restart in one number needs none, and takes no notice of one.
  const Reliability whole = read(R"(, "set": "llama-3", "communicators": "nccl", "restart": "3 min")");
  EXPECT_FALSE(whole.by_phases);
  refused(R"(, "mtbf_per_gpu": "1 h", "restart_phases": {"detect": "1 s", "reschedule": "1 s"})",
          "#/communicators: missing beside \"restart_phases\"; accepted: megatron-2023 nccl ncclx");
  refused(R"(, "set": "llama-3", "communicators": "gloo")", "no \"gloo\"");
}

TEST_F(ReliabilityConfigTest, Refusals) {
  refused(R"(, "restart": "10 min")", "mtbf_per_gpu");
  refused(R"(, "mtbf_per_gpu": "0 h", "restart": "10 min")", "mtbf_per_gpu");
  refused(R"(, "mtbf_per_gpu": "1000 h")", "restart");
  refused(R"(, "set": "llama-4")", "no \"llama-4\"");
  refused(R"(, "set": "llama-3", "spare_nodes": 3)", "#/repair");
  refused(R"(, "mtbf_per_gpu": "1000 h", "restart": "1 min", )" + std::string(kPhases), "accepted: one");
  refused(R"(, "observed": {"gpus": 1, "time": "1 d"}, "causes": [], "restart": "1 min")",
          "one cause or more");
  refused(R"(, "set": "llama-3", "spares": 3)", "spares");
}

}  // namespace
}  // namespace traincast
