// Memory that a training step needs on one GPU, per pipeline stage. Pure and free of allocation: the search
// calls it for every plan.
#pragma once

#include <cstdint>

#include "host/base/units.h"
#include "host/model/plan.h"
#include "host/model/stack.h"
#include "host/model/transformer.h"

namespace traincast {

// One rank of one stage. The first group sums to what the framework's allocator reports as its peak;
// `total()` is what the GPU must have.
struct MemoryEstimate {
  std::int64_t stage = 0;
  double in_flight = 0;  // micro-batches whose activations are kept, in units of the whole stage

  Bytes weights;
  Bytes gradients;  // the buffer that micro-batches accumulate into
  Bytes optimizer;  // master weights and moments
  Bytes activations;
  Bytes loss;     // logits, loss workspace and their gradients, where the last stage peaks there; else 0
  Bytes working;  // what lives only while a layer runs, where the stage peaks there; else 0
  Bytes buffers;  // gathered parameters, dummy gradients, FP8 copies, GEMM workspaces, gather and pipeline
                  // buffers

  Bytes context;        // CUDA context and loaded kernels
  Bytes communication;  // NCCL's buffers
  Bytes reserve;        // what the allocator cannot hand out again: fragments

  Bytes embedding;  // of weights, gradients and optimizer: the share of embedding and output head

  Bytes allocated() const { return weights + gradients + optimizer + activations + loss + working + buffers; }
  Bytes total() const { return allocated() + context + communication + reserve; }
};

// The stage that needs the most. Sources: states, ZeRO (arXiv 1910.02054) section 3 and Megatron-core's
// distributed optimiser (6 + 12/ranks bytes a BF16 parameter with FP32 gradients); activations,
// memory_layer.h.
MemoryEstimate estimate_memory(const Transformer& model, const Plan& plan, const Stack& stack);
MemoryEstimate estimate_stage_memory(const Transformer& model, const Plan& plan, const Stack& stack,
                                     std::int64_t stage);

// Micro-batches in flight at the peak of a stage, in units of all the stage's layers. 1F1B: p - s (Narayanan
// 2019, arXiv 1806.03377). Interleaved: 2(p - s - 1) + (v - 1)p + 1 chunks of 1/v (Narayanan 2021, arXiv
// 2104.04473; at s = 0 this is Korthikanti's p(1 + (p - 1)/(pv))). ZB-H1: p on every stage, as deferred
// weight gradients keep their inputs (arXiv 2401.10241, section 2.2). DualPipe: p + 1 over the two stages
// that a rank holds (arXiv 2412.19437, table 2).
double micro_batches_in_flight(const Plan& plan, std::int64_t stage);

}  // namespace traincast
