// One transformer layer of one rank: every operation by shape and every message by size, per micro-batch.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "host/base/units.h"
#include "host/model/plan.h"
#include "host/model/stack.h"
#include "host/model/system.h"
#include "host/model/transformer.h"

namespace traincast {

// Where the time of a step goes.
enum class Part {
  gemm,
  attention,
  elementwise,
  experts,
  head,
  recompute,
  overhead,
  tensor_comm,
  context_comm,
  expert_comm,
  pipeline_comm,
  bubble,
  straggler,
  data_comm,
  optimizer,
};
inline constexpr int kParts = 15;
std::string_view name(Part part);

// Seconds by part. A plain array: the hot path allocates nothing.
class PartTimes {
 public:
  double& operator[](Part part) { return seconds_[static_cast<std::size_t>(part)]; }
  double operator[](Part part) const { return seconds_[static_cast<std::size_t>(part)]; }
  double sum() const {
    double total = 0;
    for (double s : seconds_) total += s;
    return total;
  }
  PartTimes& add(const PartTimes& other, double factor = 1) {
    for (std::size_t i = 0; i < seconds_.size(); ++i) seconds_[i] += factor * other.seconds_[i];
    return *this;
  }

 private:
  std::array<double, kParts> seconds_{};
};

struct PassTimes {
  PartTimes forward;
  PartTimes backward;          // recomputation included
  double weight_gradient = 0;  // the share of backward that zero-bubble schedules may move
  double weight_messages = 0;  // the share of weight_gradient that waits for messages (data_comm of backward)
  double total() const { return forward.sum() + backward.sum(); }
  PassTimes& add(const PassTimes& other, double factor = 1) {
    forward.add(other.forward, factor);
    backward.add(other.backward, factor);
    weight_gradient += factor * other.weight_gradient;
    weight_messages += factor * other.weight_messages;
    return *this;
  }
};

enum class LayerKind { dense, moe };

// What a plan makes of one micro-batch on one rank; computed once per estimate.
struct Shard {
  double tokens = 0;           // of a micro-batch, per context-parallel rank
  double sequence_tokens = 0;  // the same divided among tensor ranks where sequence parallelism is on
  double tensor = 1;
};
Shard shard_of(const Transformer& model, const Plan& plan);

// Groups of a plan, tensor ranks innermost, then context, data and pipeline (Megatron's order).
CommGroup tensor_group(const Plan& plan, const System& system);
CommGroup context_group(const Plan& plan, const System& system);
CommGroup expert_group(const Plan& plan, const System& system);
CommGroup expert_tensor_group(const Plan& plan, const System& system);
CommGroup expert_data_group(const Plan& plan, const System& system);
CommGroup data_group(const Plan& plan, const System& system);

// Number format of the linear layers' GEMMs.
DataType gemm_type(Precision precision);

// Times of one layer and micro-batch, exposed communication included. `window` is the number of key positions
// that a query of this layer may see (sequence for full attention).
PassTimes layer_times(const Transformer& model, const Plan& plan, const Stack& stack, const System& system,
                      LayerKind kind, std::int64_t window);

// Embedding (first stage) and output head with loss (last stage), per micro-batch.
PassTimes embedding_times(const Transformer& model, const Plan& plan, const Stack& stack,
                          const System& system);
PassTimes head_times(const Transformer& model, const Plan& plan, const Stack& stack, const System& system);
// What a multi-token-prediction module does beside a layer and a head: it joins the trunk's output with the
// next token's embedding (DeepSeek-V3, arXiv 2412.19437, section 2.2).
PassTimes prediction_times(const Transformer& model, const Plan& plan, const Stack& stack,
                           const System& system);

}  // namespace traincast
