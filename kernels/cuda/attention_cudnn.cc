// Built where CMake found cuDNN and its C++ frontend.
#include <map>
#include <utility>

#include "kernels/cuda/attention.h"
#include "kernels/cuda/attention_graph.h"
#include "kernels/operands.h"

namespace traincast::cuda {
namespace {

constexpr int kKernels = 8;  // of one pass, conversions and sums of partial gradients among them

std::size_t bytes_of_output(const Attention& op) {
  return static_cast<std::size_t>(op.batch * op.query_length * op.heads * op.value_dim) * 2;
}
std::size_t bytes_of_stats(const Attention& op) {
  return static_cast<std::size_t>(op.batch * op.query_length * op.heads) * sizeof(float);
}

class ForwardLauncher final : public Launcher {
 public:
  // With the statistics that a training step's backward pass needs.
  ForwardLauncher(const Attention& op, int algorithms)
      : graph_(op, true, algorithms), stats_(make_buffer(bytes_of_stats(op))) {
    graph_.choose(0);
  }
  void bind(const std::vector<void*>& t, cudaStream_t) override {
    pointers_[t[0]] = {{kQ, t[0]}, {kK, t[1]}, {kV, t[2]}, {kO, t[3]}, {kStats, stats_.get()}};
  }
  void launch(const std::vector<void*>& t, cudaStream_t stream) override {
    graph_.run(pointers_.at(t[0]), stream);
  }
  int launches() const override { return kKernels; }
  int choices() const override { return graph_.choices(); }
  void choose(int choice) override { graph_.choose(choice); }
  std::string algorithm() const override { return graph_.algorithm(); }

 private:
  AttentionGraph graph_;
  DeviceBuffer stats_;
  std::map<const void*, AttentionPointers> pointers_;  // by the first operand of the copy
};

Attention forward_of(Attention op) {
  op.pass = Pass::forward;
  return op;
}

class BackwardLauncher final : public Launcher {
 public:
  BackwardLauncher(const Attention& op, int algorithms)
      : op_(op), forward_(forward_of(op), true, 1), backward_(op, true, algorithms) {
    backward_.choose(0);
  }
  // The output and statistics of the forward pass, in every copy, so that they come from memory like the
  // rest.
  void bind(const std::vector<void*>& t, cudaStream_t stream) override {
    Copy copy{.o = make_buffer(bytes_of_output(op_)), .stats = make_buffer(bytes_of_stats(op_))};
    if (copies_.empty()) forward_.choose(0);
    AttentionPointers forward{
        {kQ, t[0]}, {kK, t[1]}, {kV, t[2]}, {kO, copy.o.get()}, {kStats, copy.stats.get()}};
    forward_.run(forward, stream);
    TRAINCAST_CHECK(cudaStreamSynchronize(stream));  // a failure here is the forward pass's
    copy.pointers = {{kQ, t[0]},  {kK, t[1]},  {kV, t[2]},  {kO, copy.o.get()}, {kStats, copy.stats.get()},
                     {kDo, t[3]}, {kDq, t[4]}, {kDk, t[5]}, {kDv, t[6]}};
    copies_[t[0]] = std::move(copy);
  }
  void launch(const std::vector<void*>& t, cudaStream_t stream) override {
    backward_.run(copies_.at(t[0]).pointers, stream);
  }
  int launches() const override { return kKernels; }
  int choices() const override { return backward_.choices(); }
  void choose(int choice) override { backward_.choose(choice); }
  std::string algorithm() const override { return backward_.algorithm(); }

 private:
  struct Copy {
    DeviceBuffer o, stats;
    AttentionPointers pointers;
  };

  Attention op_;
  AttentionGraph forward_, backward_;
  std::map<const void*, Copy> copies_;  // by the first operand
};

}  // namespace

std::string why_no_attention(const Attention& op) {
  if (op.dtype != DataType::bf16 && op.dtype != DataType::fp16) {
    return "cuDNN's fused attention takes bf16 and fp16 here, not " + std::string(name(op.dtype));
  }
  return why_no_graph(op, true);
}

std::unique_ptr<Launcher> make_attention(const Attention& op, int algorithms) {
  if (op.pass == Pass::forward) return std::make_unique<ForwardLauncher>(op, algorithms);
  return std::make_unique<BackwardLauncher>(op, algorithms);
}

std::size_t attention_state_bytes(const Attention& op) {
  return bytes_of_stats(op) + (op.pass == Pass::backward ? bytes_of_output(op) : 0);
}

std::string attention_library() {
  return cudnn_version();
}

}  // namespace traincast::cuda
