// Fused attention by cuDNN, where this binary was built with it.
#pragma once

#include <memory>
#include <string>

#include "host/base/op.h"
#include "kernels/cuda/launcher.h"

namespace traincast::cuda {

// "" or why it cannot run.
std::string why_no_attention(const Attention& op);
// Throws DeviceError with the library's text where it has no plan for the op.
std::unique_ptr<Launcher> make_attention(const Attention& op, int algorithms);
// Device memory that a launcher takes for each copy of the operands, its workspace beside.
std::size_t attention_state_bytes(const Attention& op);
// "9.19.0", or "not built in".
std::string attention_library();

}  // namespace traincast::cuda
