// One cuDNN attention graph with its plans, free of the frontend's headers, which take long to compile.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "host/base/op.h"
#include "kernels/cuda/resources.h"

namespace traincast::cuda {

// Tensors of a graph by number.
enum AttentionTensor : std::int64_t { kQ = 1, kK, kV, kO, kStats, kDo, kDq, kDk, kDv };
using AttentionPointers = std::unordered_map<std::int64_t, void*>;

class AttentionGraph {
 public:
  // `stats`: the forward pass also writes the log-sum-exp of each row of scores, as training needs it. Takes
  // the `most` first plans that cuDNN's heuristic names and that can be built, its favourite first. Throws
  // DeviceError with cuDNN's text where it has none.
  AttentionGraph(const Attention& op, bool stats, int most);
  ~AttentionGraph();
  AttentionGraph(const AttentionGraph&) = delete;
  AttentionGraph& operator=(const AttentionGraph&) = delete;

  int choices() const;
  void choose(int choice);  // takes the workspace
  std::string algorithm() const;
  void run(AttentionPointers& pointers, cudaStream_t stream);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "" or cuDNN's text on why the graph has no plan.
std::string why_no_graph(const Attention& op, bool stats);

std::string cudnn_version();

}  // namespace traincast::cuda
