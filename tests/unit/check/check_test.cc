// The whole loop on machines whose times are formulas: what is predicted must be what is measured.
#include "host/check/check.h"

#include <gtest/gtest.h>

#include <mutex>

#include "host/base/errors.h"
#include "host/check/check_report.h"
#include "host/config/load.h"
#include "tests/fakes/fake_cluster.h"
#include "tests/fakes/fake_machine.h"

namespace traincast {
namespace {

const ConfigStore& store() {
  static const ConfigStore kStore(TRAINCAST_TEST_CONFIGS);
  return kStore;
}

CheckRequest request_of(const std::string& model, std::int64_t layers) {
  CheckRequest request;
  request.model = load_transformer(store(), model);
  request.layers = layers;
  request.plan.micro_batches = 2;
  request.tries = 3;
  request.gpu = "h100-sxm";
  request.when = [] { return std::string("2025-01-02T03:04:05Z"); };
  return request;
}

using Change = std::function<void(FakeBackend&, FakeCommunicator&)>;

// Of rank 0, on so many ranks with a clock each.
CheckResult check(
    const CheckRequest& request, int ranks = 1, const Change& change = [](auto&, auto&) {}) {
  CheckResult result;
  std::mutex mutex;
  FakeCluster(ranks).run([&](Session& session) {
    FakeClock clock;
    FakeBackend backend(clock, {});
    FakeCommunicator communicator(clock, session);
    change(backend, communicator);
    RankMachine machine{backend, communicator, session, clock.reader(), 1};
    CheckResult mine = check_step(machine, store(), request);
    const std::lock_guard lock(mutex);
    if (session.rank() == 0) result = std::move(mine);
  });
  return result;
}

void expect_every_class_executed(const CheckResult& result) {
  EXPECT_FALSE(result.classes.empty());
  double measured = (result.tensor.exposed + result.data.exposed + result.rest()).value();
  double predicted = result.prediction.tensor_comm + result.prediction.data_comm + result.prediction.waiting;
  for (const ClassResult& each : result.classes) {
    EXPECT_EQ(each.count, each.expected) << name(each.op_class);
    EXPECT_GT(each.count, 0) << name(each.op_class);
    EXPECT_GT(each.measured.value(), 0) << name(each.op_class);
    EXPECT_GT(each.predicted.value(), 0) << name(each.op_class);
    measured += each.measured.value();
    predicted += each.predicted.value();
  }
  EXPECT_NEAR(measured, result.measured.value(), 1e-9 * measured);
  EXPECT_NEAR(predicted, result.prediction.step.time.value(), 1e-9 * predicted);
}

std::vector<std::string> class_names(const CheckResult& result) {
  std::vector<std::string> names;
  for (const ClassResult& each : result.classes) names.emplace_back(name(each.op_class));
  return names;
}

TEST(Check, PredictsAMachineOfFormulas) {
  const CheckResult result = check(request_of("llama-3-8b", 4));
  expect_every_class_executed(result);
  EXPECT_LT(std::abs(result.error()), 0.01);
  const std::vector<std::string> expected = {"gemm forward",
                                             "gemm data gradient",
                                             "gemm weight gradient",
                                             "attention forward",
                                             "attention backward",
                                             "norm",
                                             "rope",
                                             "activation",
                                             "residual",
                                             "embedding",
                                             "head gemm",
                                             "loss",
                                             "optimizer"};
  EXPECT_EQ(class_names(result), expected);
  for (const ClassResult& each : result.classes) {
    if (each.op_class < OpClass::norm) {
      EXPECT_NEAR(each.measured / each.predicted, 1, 0.01) << name(each.op_class);
    }
    EXPECT_NEAR(each.measured / each.alone, 1, 0.01) << name(each.op_class);
  }
}

TEST(Check, PredictsAMixtureOfExperts) {
  CheckRequest request = request_of("deepseek-v3", 2);
  request.scale = 4;
  request.sequence = 1024;
  const CheckResult result = check(request);
  expect_every_class_executed(result);
  EXPECT_LT(std::abs(result.error()), 0.02);
  const std::vector<std::string> names = class_names(result);
  for (const char* wanted : {"router", "expert gemm forward", "expert gemm weight gradient", "permute"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), wanted), names.end()) << wanted;
  }
}

TEST(Check, PredictsRowsOfShardedExperts) {
  CheckRequest request = request_of("grok-1", 2);
  request.plan.tensor_parallel = 2;
  request.scale = 4;
  request.sequence = 1024;
  const CheckResult result = check(request, 4);
  expect_every_class_executed(result);
  EXPECT_LT(std::abs(result.error()), 0.02);
}

TEST(Check, PredictsMessagesOfEveryLayout) {
  for (const int zero : {0, 1, 2, 3}) {
    for (const std::int64_t tensor : {1, 2, 4}) {
      SCOPED_TRACE("zero " + std::to_string(zero) + " tensor " + std::to_string(tensor));
      CheckRequest request = request_of("llama-3-8b", 3);
      request.plan.zero_stage = zero;
      request.plan.tensor_parallel = tensor;
      request.sequence = 4096;
      const CheckResult result = check(request, 4);
      expect_every_class_executed(result);
      EXPECT_LT(std::abs(result.error()), 0.02);
      EXPECT_EQ(result.tensor.exposed.value() > 0, tensor > 1);
      EXPECT_EQ(result.data.exposed.value() > 0, tensor < 4);
      EXPECT_NEAR(result.exposed_share, 1, 1e-9);  // this fabric hides nothing
    }
  }
}

TEST(Check, GoesOnWithoutWhatTheBackendCannotRun) {
  const Change no_attention = [](FakeBackend& backend, FakeCommunicator&) {
    backend.unsupported = [](const Op& op) {
      return std::holds_alternative<Attention>(op) ? "no attention here" : "";
    };
  };
  const CheckResult whole = check(request_of("llama-3-8b", 4));
  const CheckResult result = check(request_of("llama-3-8b", 4), 1, no_attention);
  EXPECT_LT(std::abs(result.error()), 0.01);
  EXPECT_LT(result.measured, whole.measured);
  ASSERT_EQ(result.unsupported.size(), 2U);
  int rows = 0;
  for (const ClassResult& each : result.classes) {
    if (each.op_class != OpClass::attention_forward && each.op_class != OpClass::attention_backward) continue;
    ++rows;
    EXPECT_EQ(each.count, 0);
    EXPECT_EQ(each.why, "no attention here");
    EXPECT_EQ(each.predicted.value(), 0);
  }
  EXPECT_EQ(rows, 2);
  const Report report = check_report(result);
  EXPECT_EQ(report.tables.back().key, "unsupported");
  EXPECT_EQ(report.tables.back().rows.size(), 2U);
}

TEST(Check, LeavesOutAnOptimizerThatCannotRun) {
  const Change no_adam = [](FakeBackend& backend, FakeCommunicator&) {
    backend.unsupported = [](const Op& op) {
      const auto* memory = std::get_if<MemoryBound>(&op);
      return memory != nullptr && memory->kind == MemoryKind::adam ? "no optimiser" : "";
    };
  };
  const CheckResult result = check(request_of("llama-3-8b", 4), 1, no_adam);
  EXPECT_LT(std::abs(result.error()), 0.01);
  EXPECT_EQ(result.prediction.step.parts[Part::optimizer], 0);
}

TEST(Check, TakesAsManyLayersAsFit) {
  CheckRequest request = request_of("llama-3-8b", 0);
  const CheckResult result = check(request);
  EXPECT_GT(result.run.model.layers, 4);
  EXPECT_LT(result.run.model.layers, 32);
  EXPECT_LE(result.memory.total(), result.ranks.memory);
}

TEST(Check, RefusesAProfileOfAnotherDevice) {
  CheckRequest request = request_of("llama-3-8b", 1);
  request.profile = Profile{.name = "other", .gpu = "a100-80gb-sxm"};
  EXPECT_THROW(check(request), UsageError);
}

TEST(Check, AWrongResultOfACollectiveEndsIt) {
  const Change wrong = [](FakeBackend&, FakeCommunicator& communicator) {
    communicator.wrong = [](Collective, Bytes) { return "element 3 is 4, not 5"; };
  };
  EXPECT_THROW(check(request_of("llama-3-8b", 1), 2, wrong), CommError);
}

TEST(CheckReport, ColumnsAddUpToTheStep) {
  CheckRequest request = request_of("llama-3-8b", 3);
  request.plan.tensor_parallel = 2;
  const Report report = check_report(check(request, 4));
  const Table& table = report.tables.front();
  ASSERT_EQ(table.key, "classes");
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    const std::string& key = table.columns[column].key;
    if (key != "measured_s" && key != "predicted_s") continue;
    double sum = 0;
    for (std::size_t row = 0; row + 1 < table.rows.size(); ++row) {
      sum += std::get<double>(table.rows[row][column].machine);
    }
    const double step = std::get<double>(table.rows.back()[column].machine);
    EXPECT_NEAR(sum, step, 1e-9 * step) << key;
  }
  EXPECT_EQ(table.rows.back().front().text, "step");
}

}  // namespace
}  // namespace traincast
