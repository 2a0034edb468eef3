// The operations of one layer in the order in which frameworks run them. GEMMs and attentions are what the
// layer model asks for; memory-bound ops carry the traffic that it counts for them. Internal to host/check.
#pragma once

#include <cstdint>

#include "host/check/step_program.h"

namespace traincast {

StepUnit layer_ops(const Transformer& model, const Plan& plan, const Stack& stack, LayerKind kind,
                   std::int64_t window, DataType hidden);
StepUnit embedding_ops(const Transformer& model, const Plan& plan, DataType hidden);
// Final norm, output projection and loss; the loss's kernel does both passes at once.
StepUnit head_ops(const Transformer& model, const Plan& plan, const Stack& stack, DataType hidden);

}  // namespace traincast
