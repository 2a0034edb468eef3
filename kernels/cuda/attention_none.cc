// Built where CMake found no cuDNN with its C++ frontend.
#include "kernels/cuda/attention.h"

namespace traincast::cuda {

std::string why_no_attention(const Attention&) {
  return "needs cuDNN's fused attention, and this binary was built without cuDNN or its C++ frontend";
}

std::unique_ptr<Launcher> make_attention(const Attention& op, int) {
  throw DeviceError(why_no_attention(op));
}

std::size_t attention_state_bytes(const Attention&) {
  return 0;
}

std::string attention_library() {
  return "not built in";
}

}  // namespace traincast::cuda
