// A training step of one rank as a list of operations and messages: what the model predicts, ready to be
// played. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/collective.h"
#include "host/base/data_type.h"
#include "host/base/op.h"
#include "host/base/units.h"
#include "host/model/layer.h"
#include "host/model/plan.h"
#include "host/model/stack.h"
#include "host/model/transformer.h"

namespace traincast {

// Rows of the table that compares measured with predicted.
enum class OpClass {
  gemm_forward,
  gemm_data_gradient,
  gemm_weight_gradient,
  router,  // its three GEMMs
  expert_forward,
  expert_data_gradient,
  expert_weight_gradient,
  attention_forward,
  attention_backward,
  norm,
  rope,
  activation,
  residual,
  permute,
  cast,
  embedding,
  head_gemm,  // all three
  loss,
  optimizer,
};
inline constexpr int kOpClasses = 19;
std::string_view name(OpClass op_class);

enum class RankGroup { tensor, data };

struct StepMessage {
  Collective collective = Collective::all_reduce;
  Bytes size;  // as host/base/collective.h defines it
  DataType dtype = DataType::bf16;
  RankGroup group = RankGroup::data;
  friend bool operator==(const StepMessage&, const StepMessage&) = default;
};

struct StepOp {
  Op op;
  OpClass op_class = OpClass::gemm_forward;
  Part part = Part::gemm;  // where the step model counts it
  // Memory-bound ops: bytes that the step model counts for it, in one pass over the data; loss: logits.
  double traffic = 0;
};

// One after the other; tensor-parallel messages stand where the computation waits for them.
struct StepItem {
  bool is_message = false;
  StepOp op;
  StepMessage message;
};

// Embedding, a layer, or the head: the granularity at which gradients are reduced and weights gathered.
struct StepUnit {
  std::vector<StepItem> forward, backward;
  std::vector<StepMessage> gather_weights;    // before each pass (ZeRO 3)
  std::vector<StepMessage> reduce_gradients;  // after the backward pass: of the last micro-batch, or of each
                                              // (ZeRO 3)
  std::vector<StepOp> optimizer;
  std::vector<StepMessage> share_weights;  // after the optimiser (ZeRO 1 and 2)
};

struct StepProgram {
  std::vector<StepUnit> kinds;     // distinct
  std::vector<std::size_t> units;  // of the step, in the order of the forward pass: index into kinds
  std::int64_t micro_batches = 1;  // of each pipeline and step
  bool reduce_every_micro_batch = false;
};

// The list of one data-parallel rank; the GEMMs and attentions are those that the layer model asks kernel
// times for, in its own order. `plan` has no pipeline, context or expert parallelism and no recomputation.
// `hidden`: format of the tensors that memory-bound ops stream.
StepProgram step_program(const Transformer& model, const Plan& plan, const Stack& stack, DataType hidden);

// Each distinct op with how often a step executes it, in the order of first use.
std::vector<std::pair<StepOp, std::int64_t>> counted_ops(const StepProgram& program);
std::vector<std::pair<StepMessage, std::int64_t>> counted_messages(const StepProgram& program);

}  // namespace traincast
