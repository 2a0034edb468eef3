// Built where CMake found cuDNN and its C++ frontend.
#include <cudnn_frontend.h>

#include <cmath>
#include <utility>
#include <vector>

#include "kernels/cuda/attention_graph.h"

namespace traincast::cuda {
namespace {

namespace fe = cudnn_frontend;
using fe::graph::Graph;
using fe::graph::Tensor_attributes;
using TensorPointer = std::shared_ptr<Tensor_attributes>;

struct HandleDeleter {
  void operator()(cudnnHandle_t handle) const { cudnnDestroy(handle); }
};
using CudnnHandle = std::unique_ptr<std::remove_pointer_t<cudnnHandle_t>, HandleDeleter>;

std::string text_of(cudnnStatus_t status) {
  return status == CUDNN_STATUS_SUCCESS ? "" : cudnnGetErrorString(status);
}
std::string text_of(fe::error_t status) {
  return status.is_good() ? "" : status.get_message();
}

#define TRAINCAST_CHECK_CUDNN(call) \
  ::traincast::cuda::errors().check_text(text_of(call), #call, __FILE__, __LINE__)

// Storage is [batch, length, heads, dim]; cuDNN names the axes (batch, heads, length, dim).
struct Axes {
  std::int64_t batch, heads, length, dim;
  std::vector<std::int64_t> sizes() const { return {batch, heads, length, dim}; }
  std::vector<std::int64_t> strides() const { return {length * heads * dim, dim, heads * dim, 1}; }
};
Axes query_axes(const Attention& op, std::int64_t dim) {
  return {op.batch, op.heads, op.query_length, dim};
}
Axes key_axes(const Attention& op, std::int64_t dim) {
  return {op.batch, op.kv_heads, op.kv_length, dim};
}

TensorPointer input(Graph& graph, const char* name, AttentionTensor number, const Axes& axes) {
  return graph.tensor(
      Tensor_attributes().set_name(name).set_uid(number).set_dim(axes.sizes()).set_stride(axes.strides()));
}
void output(const TensorPointer& tensor, AttentionTensor number, const Axes& axes) {
  tensor->set_output(true).set_uid(number).set_dim(axes.sizes()).set_stride(axes.strides());
}
// The log-sum-exp of each row, [batch, heads, query_length] in FP32.
void shape_stats(Tensor_attributes& tensor, const Attention& op) {
  tensor.set_uid(kStats).set_data_type(fe::DataType_t::FLOAT);
  tensor.set_dim({op.batch, op.heads, op.query_length, 1});
  tensor.set_stride({op.heads * op.query_length, op.query_length, 1, 1});
}

// Scale and mask, which both passes spell alike. The plain causal mask where the lengths are equal: it is the
// same mask, and supported more widely.
template <typename Attributes>
Attributes with_scores(Attributes attributes, const Attention& op) {
  attributes.set_attn_scale(1.0F / std::sqrt(static_cast<float>(op.head_dim)));
  if (op.causal && op.query_length == op.kv_length) attributes.set_causal_mask(true);
  if (op.causal && op.query_length != op.kv_length) attributes.set_causal_mask_bottom_right(true);
  return attributes;
}

void describe(Graph& graph, const Attention& op, bool stats) {
  graph.set_io_data_type(op.dtype == DataType::bf16 ? fe::DataType_t::BFLOAT16 : fe::DataType_t::HALF)
      .set_intermediate_data_type(fe::DataType_t::FLOAT)
      .set_compute_data_type(fe::DataType_t::FLOAT);
  const auto q = input(graph, "q", kQ, query_axes(op, op.head_dim));
  const auto k = input(graph, "k", kK, key_axes(op, op.head_dim));
  const auto v = input(graph, "v", kV, key_axes(op, op.value_dim));
  if (op.pass == Pass::forward) {
    auto attributes = fe::graph::SDPA_attributes().set_name("forward").set_generate_stats(stats);
    auto [o, log_sum_exp] = graph.sdpa(q, k, v, with_scores(std::move(attributes), op));
    output(o, kO, query_axes(op, op.value_dim));
    if (!stats) return;
    shape_stats(*log_sum_exp, op);
    log_sum_exp->set_output(true);
    return;
  }
  const auto o = input(graph, "o", kO, query_axes(op, op.value_dim));
  const auto d_o = input(graph, "do", kDo, query_axes(op, op.value_dim));
  Tensor_attributes log_sum_exp;
  log_sum_exp.set_name("stats");
  shape_stats(log_sum_exp, op);
  auto [dq, dk, dv] =
      graph.sdpa_backward(q, k, v, o, d_o, graph.tensor(log_sum_exp),
                          with_scores(fe::graph::SDPA_backward_attributes().set_name("backward"), op));
  output(dq, kDq, query_axes(op, op.head_dim));
  output(dk, kDk, key_axes(op, op.head_dim));
  output(dv, kDv, key_axes(op, op.value_dim));
}

}  // namespace

struct AttentionGraph::State {
  CudnnHandle handle;  // its own: a handle serves one stream and one thread at a time
  Graph graph;
  std::vector<std::int64_t> plans;  // numbers of those that could be built, in the heuristic's order
  std::size_t chosen = 0;
  DeviceBuffer workspace;

  std::int64_t plan() const { return plans.at(chosen); }
};

AttentionGraph::AttentionGraph(const Attention& op, bool stats, int most)
    : state_(std::make_unique<State>()) {
  cudnnHandle_t raw = nullptr;
  TRAINCAST_CHECK_CUDNN(cudnnCreate(&raw));
  state_->handle.reset(raw);
  Graph& graph = state_->graph;
  describe(graph, op, stats);
  TRAINCAST_CHECK_CUDNN(graph.validate());
  TRAINCAST_CHECK_CUDNN(graph.build_operation_graph(raw));
  TRAINCAST_CHECK_CUDNN(graph.create_execution_plans({fe::HeurMode_t::A}));
  TRAINCAST_CHECK_CUDNN(graph.check_support(raw));
  std::string last;
  for (std::int64_t i = 0; i < graph.get_execution_plan_count(); ++i) {
    if (static_cast<int>(state_->plans.size()) == most) break;
    fe::error_t status = graph.build_plan_at_index(raw, i);
    if (status.is_good()) {
      state_->plans.push_back(i);
    } else {
      last = status.get_message();
    }
  }
  if (state_->plans.empty()) {
    throw DeviceError("cuDNN can build no plan for " + to_string(Op(op)) + ": " + last);
  }
}

AttentionGraph::~AttentionGraph() = default;

int AttentionGraph::choices() const {
  return static_cast<int>(state_->plans.size());
}

void AttentionGraph::choose(int choice) {
  state_->chosen = static_cast<std::size_t>(choice);
  std::int64_t bytes = 0;
  TRAINCAST_CHECK_CUDNN(state_->graph.get_workspace_size_plan_at_index(state_->plan(), bytes));
  state_->workspace.reset();
  state_->workspace = make_buffer(static_cast<std::size_t>(bytes));
}

std::string AttentionGraph::algorithm() const {
  std::string name;
  TRAINCAST_CHECK_CUDNN(state_->graph.get_plan_name_at_index(state_->plan(), name));
  return "cuDNN " + name;
}

void AttentionGraph::run(AttentionPointers& pointers, cudaStream_t stream) {
  State& s = *state_;
  TRAINCAST_CHECK_CUDNN(cudnnSetStream(s.handle.get(), stream));
  TRAINCAST_CHECK_CUDNN(s.graph.execute_plan_at_index(s.handle.get(), pointers, s.workspace.get(), s.plan()));
}

std::string why_no_graph(const Attention& op, bool stats) {
  try {
    const AttentionGraph graph(op, stats, 1);
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "";
}

std::string cudnn_version() {
  const std::size_t version = cudnnGetVersion();  // 9.19.0 is 91900
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

}  // namespace traincast::cuda
