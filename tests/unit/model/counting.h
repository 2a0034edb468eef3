// Kernels and a network that only count, and small models whose counts come out whole.
#pragma once

#include <vector>

#include "host/model/layer.h"

namespace traincast::test {

// Kernels that take 1 s a FLOP and stream without time, or the other way round.
class CountingKernels final : public KernelTimes {
 public:
  enum class What { flops, bytes };
  explicit CountingKernels(What what) : what_(what) {}
  Seconds time(const Op& op) const override {
    return Seconds(what_ == What::flops ? work(op).flops.value() : 0);
  }
  Bandwidth stream_rate() const override { return Bandwidth(what_ == What::flops ? 1e300 : 1); }

 private:
  What what_;
};

struct Message {
  Collective collective;
  double bytes;
  CommGroup group;
};

// A network that takes 1 s a message and remembers them.
class RecordingNetwork final : public CollectiveTimes {
 public:
  Seconds time(Collective collective, Bytes bytes, const CommGroup& group) const override {
    messages_.push_back({collective, bytes.value(), group});
    return Seconds(1);
  }
  const std::vector<Message>& messages() const { return messages_; }

 private:
  mutable std::vector<Message> messages_;
};

// Both of them, as a system.
class CountingMachine {
 public:
  explicit CountingMachine(CountingKernels::What what = CountingKernels::What::flops) : kernels_(what) {
    system_.kernels = &kernels_;
    system_.collectives = &network_;
  }
  CountingMachine(const CountingMachine&) = delete;
  CountingMachine& operator=(const CountingMachine&) = delete;
  const System& system() const { return system_; }
  const std::vector<Message>& messages() const { return network_.messages(); }

 private:
  CountingKernels kernels_;
  RecordingNetwork network_;
  System system_;
};

// Everything exposed and nothing added, so that counts come out whole.
inline Stack bare_stack() {
  Stack stack;
  stack.context_exposed = 1;
  stack.expert_rate = 1;
  return stack;
}

inline Transformer llama() {
  Transformer model;
  model.layers = 4, model.hidden = 1024, model.ffn_hidden = 3072;
  model.heads = 16, model.kv_heads = 4, model.head_dim = 64;
  model.vocab = 32000, model.sequence = 2048;
  return model;
}

inline Transformer mixture() {
  Transformer model = llama();
  model.moe = MixtureOfExperts{.experts = 32, .top_k = 8, .ffn_hidden = 512};
  return model;
}

struct Result {
  PassTimes times;
  std::vector<Message> messages;
};

inline Result run(const Transformer& model, const Plan& plan, const Stack& stack,
                  CountingKernels::What what = CountingKernels::What::flops,
                  LayerKind kind = LayerKind::dense) {
  const CountingMachine machine(what);
  const PassTimes times = layer_times(model, plan, stack, machine.system(), kind, model.sequence);
  return {times, machine.messages()};
}

inline double both(const PassTimes& times, Part part) {
  return times.forward[part] + times.backward[part];
}

inline constexpr double kTokens = 2 * 2048;
inline Plan two_sequences() {
  Plan plan;
  plan.micro_batch = 2;
  return plan;
}

}  // namespace traincast::test
