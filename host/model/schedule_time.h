// How long a pipeline takes, in closed form: what the search uses in place of the event simulation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "host/base/units.h"
#include "host/model/schedule.h"
#include "host/model/simulate_pipeline.h"

namespace traincast {

// Work of one pass of one micro-batch, in seconds.
struct PassWork {
  double forward = 0, backward = 0;
  double sum() const { return forward + backward; }
  void add(const PassWork& other, double factor = 1) {
    forward += factor * other.forward;
    backward += factor * other.backward;
  }
};

inline constexpr double kNoPath = -std::numeric_limits<double>::infinity();

// 1F1B and interleaved: the longest of the paths through the step that keep one rank busy: from its first
// task to its last; or from its first backward pass, after micro-batch 0 has gone down and up; or to its last
// forward pass, after which the last micro-batch goes down and up; or both; and, interleaved, those that
// follow the first or last micro-batch through all chunks. With equal chunks each gives Narayanan's bubble (p
// - 1)(F + B)/v (arXiv 2104.04473, section 2.2). 1F1B that waits for its messages: exact.
class AlternatingTime {
 public:
  AlternatingTime(const PipelineShape& shape, double latency) : shape_(shape), latency_(latency) {}
  void add(const PassWork& pass);
  double total() const;

 private:
  void finish_rank(bool has_both);

  PipelineShape shape_;
  double latency_;
  std::int64_t rank_ = 0, local_ = 0;
  PassWork work_;            // of the current rank and one micro-batch
  PassWork ahead_;           // of the current rank, before its first backward or after its last forward pass
  PassWork first_, last_;    // the current rank's first and last chunk
  PassWork lower_;           // its chunks but the last
  PassWork before_;          // first chunks of the ranks before
  PassWork slowest_before_;  // of them
  PassWork last_before_;     // last chunks of the ranks up to and with this one
  PassWork all_;
  // The longest of each kind of path, less what is the same for all ranks.
  double resource_ = 0, down_ = kNoPath, up_ = kNoPath, both_ = kNoPath;
  double in_chain_ = kNoPath, out_chain_ = kNoPath, chains_ = kNoPath;
};

// ZB-H1 that waits for its messages: the same paths, which may also end on another rank with the weight
// gradients that it has put off. With equal stages the bubble is (p - 1) max(F, B, F + B - W), B being the
// input gradient; arXiv 2401.10241, table 2, gives the last, as it takes the three to be about equal.
class ZeroBubbleTime {
 public:
  explicit ZeroBubbleTime(const PipelineShape& shape) : shape_(shape) {}
  void add(const PassWork& pass, double weight_gradient);  // backward: of the input alone
  double total() const;

 private:
  PipelineShape shape_;
  std::int64_t rank_ = 0;
  PassWork before_, all_;
  double tail_ = kNoPath;  // longest of a rank's own weight gradients less the backward passes before it
  double from_start_ = 0, from_down_ = kNoPath, to_up_ = kNoPath, down_to_up_ = kNoPath;
};

// DualPipe: the longest over all ranks of its own work, and of that with a bubble that the others make. With
// F, B and W equal the bubble is that of arXiv 2412.19437, table 2: (p/2 - 1)(F&B + B - 3W), F&B and B
// counting whole backward passes; else as the event simulation shows: never less than the fill, and less
// where a rank does extra work while it would wait for the others. With as many micro-batches as DeepSeek's
// schedule needs (2p), less work never makes it longer.
class DualPipeTime {
 public:
  explicit DualPipeTime(const PipelineShape& shape);
  // So many ranks that do the same, in order; the first and the last rank come alone. backward: of the input
  // alone.
  void add(const PassWork& pass, double weight_gradient, std::int64_t ranks = 1);
  double total() const;

 private:
  static constexpr std::size_t kBubbles = 3;
  struct Bubble {
    double forward = 0, backward = 0,
           weight_gradient = 0;  // how often each pass of the mean other rank counts
    double of(const PassWork& pass, double weight) const {
      return forward * pass.forward + backward * pass.backward + weight_gradient * weight;
    }
  };
  struct Place {                                                      // on an end of the pipeline, or inside
    std::array<Bubble, kBubbles> bubbles;                             // the slack of such a rank in them
    std::array<double, kBubbles> longest{kNoPath, kNoPath, kNoPath};  // less what is the same for all ranks
    double slack = 0;
  };

  double ranks_, micro_batches_;
  std::int64_t added_ = 0;
  std::array<Place, 2> places_;  // inside, at an end
  PassWork all_;
  double weight_gradients_ = 0, busiest_ = 0;
};

// Add every chunk, rank by rank (chunks rank, rank + p, rank + 2p, ... of rank 0, then of rank 1, ...; under
// DualPipe one per rank, the mean of the two that it holds), then ask. Allocates nothing; O(chunks). Against
// the event simulation: 1F1B and ZB-H1 that wait for their messages, whatever the stages, exact; the others
// within 1 % for equal chunks and 3 % where only embedding, head or single layers differ. Interleaving of a
// number of micro-batches that ranks do not divide, which Megatron refuses: 2 %. DualPipe with fewer
// micro-batches than two a rank, which DeepSeek's refuses, comes out too fast.
class PipelineTime {
 public:
  PipelineTime(const PipelineShape& shape, const ChunkMessage& message);
  void add(const ChunkTimes& chunk);
  Seconds total() const;

 private:
  PipelineShape shape_;
  double exposed_;
  std::int64_t added_ = 0;
  AlternatingTime alternating_;
  ZeroBubbleTime zero_bubble_;
  DualPipeTime dual_pipe_;
};

}  // namespace traincast
