// A run in parts as pieces of like steps: the batch sizes of a ramp, the phases of sequence length, in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/base/units.h"
#include "host/model/flops.h"
#include "host/model/run.h"

namespace traincast {

struct Piece {
  std::size_t part = 0;  // of run.parts
  std::int64_t sequence = 0;
  std::int64_t global_batch = 0;  // sequences
  double steps = 0;               // whole; 0 where the step before already reached the end of the piece
  bool main = false;              // its step stands for the run in tables: the last of the main part
  Tokens step_tokens() const {
    return Tokens(static_cast<double>(global_batch) * static_cast<double>(sequence));
  }
};

// One where the run has no parts. Steps are whole, as a trainer counts them: a piece begins with the first
// step that begins after the tokens of the pieces before it are seen, and the last step of the run ends when
// its tokens are seen or a little later.
std::vector<Piece> pieces_of(const Run& run);

// Batch sizes of a part: 1 without a ramp.
std::int64_t batch_sizes(const RunPart& part);

// The run, all of it by the sequence, plan and batch of a piece; without parts.
Run run_of_piece(const Run& run, const Piece& piece);

// FLOP of the forward and backward pass over all tokens, each at the sequence length of its part.
Flops run_flops(const Run& run, AttentionCount attention);

}  // namespace traincast
