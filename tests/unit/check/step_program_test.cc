// The step that is played is the step that the model predicts: the same operations, the same traffic.
#include "host/check/step_program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "host/check/at_hand.h"
#include "host/config/load.h"

namespace traincast {
namespace {

// Counts what the layer model asks for, and times traffic by bytes and operations by one.
class Counting final : public KernelTimes {
 public:
  Seconds time(const Op& op) const override {
    asked.push_back(op);
    return Seconds(0);
  }
  Bandwidth stream_rate() const override { return Bandwidth(1); }
  mutable std::vector<Op> asked;
};
class NoMessages final : public CollectiveTimes {
 public:
  Seconds time(Collective collective, Bytes message, const CommGroup&) const override {
    sent.push_back({collective, message.value()});
    return Seconds(0);
  }
  mutable std::vector<std::pair<Collective, double>> sent;
};

struct Case {
  std::string model;
  int tensor = 1;
  Precision precision = Precision::bf16;
  std::int64_t scale = 8;
};

class Program : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const Case& c = GetParam();
    const ConfigStore store(TRAINCAST_TEST_CONFIGS);
    model_ = first_layers(scaled(load_transformer(store, c.model), c.scale), 8);
    plan_ = plan_at_hand({.tensor_parallel = c.tensor, .precision = c.precision, .micro_batches = 3}, model_,
                         {.ranks = c.tensor * 2, .ranks_per_node = 8, .memory = {}});
    stack_.accumulate_bytes = 0;
    stack_.logit_bytes = 7;
    program_ = step_program(model_, plan_, stack_, DataType::bf16);
  }
  // What the model makes of all units, once each.
  template <typename Visit>
  void for_each_unit_times(Visit visit) {
    const System system{.gpu = nullptr, .kernels = &kernels_, .collectives = &messages_};
    visit(embedding_times(model_, plan_, stack_, system));
    for (std::int64_t layer = 0; layer < model_.layers; ++layer) {
      visit(layer_times(model_, plan_, stack_, system,
                        model_.is_moe_layer(layer) ? LayerKind::moe : LayerKind::dense,
                        model_.is_sliding_layer(layer) ? model_.sliding_window : model_.sequence));
    }
    visit(head_times(model_, plan_, stack_, system));
  }

  Transformer model_;
  Plan plan_;
  Stack stack_;
  StepProgram program_;
  Counting kernels_;
  NoMessages messages_;
};

TEST_P(Program, HasEachGemmAndAttentionThatTheModelAsksFor) {
  for_each_unit_times([](const PassTimes&) {});
  std::vector<std::string> asked, played;
  for (const Op& op : kernels_.asked) asked.push_back(to_string(op));
  for (const std::size_t kind : program_.units) {
    for (const auto* items : {&program_.kinds[kind].forward, &program_.kinds[kind].backward}) {
      for (const StepItem& item : *items) {
        if (!item.is_message && !std::holds_alternative<MemoryBound>(item.op.op)) {
          played.push_back(to_string(item.op.op));
        }
      }
    }
  }
  std::sort(asked.begin(), asked.end());
  std::sort(played.begin(), played.end());
  EXPECT_EQ(asked, played);
}

TEST_P(Program, MovesTheTrafficThatTheModelCounts) {
  double forward = 0, backward = 0, loss = 0;
  for_each_unit_times([&](const PassTimes& times) {
    forward += times.forward[Part::elementwise];
    backward += times.backward[Part::elementwise];
    loss += times.forward[Part::head] + times.backward[Part::head];
  });
  double played_forward = 0, played_backward = 0, played_loss = 0;
  for (const std::size_t kind : program_.units) {
    for (const StepItem& item : program_.kinds[kind].forward) {
      if (!item.is_message && item.op.part == Part::elementwise) played_forward += item.op.traffic;
      if (!item.is_message && item.op.op_class == OpClass::loss) played_loss += 7 * item.op.traffic;
    }
    for (const StepItem& item : program_.kinds[kind].backward) {
      if (!item.is_message && item.op.part == Part::elementwise) played_backward += item.op.traffic;
    }
  }
  EXPECT_NEAR(played_forward, forward, 1e-9 * forward);
  EXPECT_NEAR(played_backward, backward, 1e-9 * backward);
  EXPECT_NEAR(played_loss, loss, 1e-9 * loss);
}

// The forward kernels really move what the model counts, in BF16.
TEST_P(Program, ForwardKernelsMoveTheirTraffic) {
  for (const auto& [op, count] : counted_ops(program_)) {
    const bool first_pass = op.op_class == OpClass::rope || op.op_class == OpClass::permute;
    if (!first_pass) continue;
    const double bytes = work(op.op).bytes.value();
    EXPECT_TRUE(std::abs(op.traffic / bytes - 1) < 1e-9 || std::abs(op.traffic / bytes - 1.7) < 1e-9)
        << to_string(op.op);
  }
}

TEST_P(Program, SendsTheTensorMessagesThatTheModelCounts) {
  for_each_unit_times([](const PassTimes&) {});
  double asked = 0, played = 0;
  // The model weighs gather and scatter by half the number of messages.
  for (const auto& [collective, bytes] : messages_.sent) asked = std::max(asked, bytes);
  for (const auto& [message, count] : counted_messages(program_)) {
    if (message.group == RankGroup::tensor) played = std::max(played, message.size.value());
  }
  EXPECT_EQ(played, asked);
  EXPECT_EQ(played > 0, plan_.tensor_parallel > 1);
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string text = info.param.model + "_t" + std::to_string(info.param.tensor) + "_" +
                     std::string(name(info.param.precision)) + "_" + std::to_string(info.param.scale);
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return text;
}

INSTANTIATE_TEST_SUITE_P(Models, Program,
                         testing::Values(Case{"llama-3-8b"}, Case{"llama-3-8b", 1, Precision::bf16, 1},
                                         Case{"llama-3-8b", 2}, Case{"llama-3-8b", 1, Precision::fp8},
                                         Case{"gpt-3-175b"}, Case{"nemotron-4-340b"}, Case{"mixtral-8x7b"},
                                         Case{"mixtral-8x7b", 2}, Case{"deepseek-v3"}, Case{"deepseek-v2"},
                                         Case{"grok-1"}),
                         case_name);

TEST(StepProgram, ExchangesAllGradientsOnce) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  const Transformer model = first_layers(load_transformer(store, "llama-3-8b"), 4);
  const RanksAtHand ranks{.ranks = 4, .ranks_per_node = 4, .memory = {}};
  for (const int zero : {0, 1, 2, 3}) {
    const Plan plan = plan_at_hand({.zero_stage = zero, .micro_batches = 2}, model, ranks);
    const StepProgram program = step_program(model, plan, Stack{}, DataType::bf16);
    double reduced = 0, gathered = 0, owned = 0;
    for (const auto& [message, count] : counted_messages(program)) {
      double& sum = message.collective == Collective::all_gather ? gathered : reduced;
      sum += message.size.value() * static_cast<double>(count);
    }
    for (const auto& [op, count] : counted_ops(program)) {
      const auto* memory = std::get_if<MemoryBound>(&op.op);
      if (op.op_class == OpClass::optimizer)
        owned += static_cast<double>(memory->rows * memory->columns * count);
    }
    // 4 layers of 218,112,000 and twice 128,256 x 4,096, and the final norm.
    const double parameters = 4 * 218112000.0 + 2 * 128256.0 * 4096 + 4096;
    const double passes = zero >= 2 ? 2 : 1;  // every micro-batch
    EXPECT_EQ(reduced, passes * parameters * 4) << zero;
    EXPECT_EQ(gathered, zero == 0 ? 0 : (zero == 3 ? 4 : 1) * parameters * 2) << zero;
    EXPECT_NEAR(owned, parameters / (zero == 0 ? 1 : 4), 6 * 4096) << zero;
  }
}

}  // namespace
}  // namespace traincast
