#include <algorithm>
#include <cstring>

#include "host/base/counter_random.h"
#include "kernels/cpu/cpu_prepared.h"

namespace traincast {
namespace {

void empty_kernel() {}

class CpuLaunch final : public CpuPrepared {
 public:
  void run() override { kernel_(); }
  std::vector<float> result() override { return {}; }

 private:
  void (*volatile kernel_)() = empty_kernel;  // volatile: the call stays
};

class CpuCopy final : public CpuPrepared {
 public:
  CpuCopy(const HostCopy& op, std::uint64_t seed)
      : from_(static_cast<std::size_t>(op.bytes)), to_(static_cast<std::size_t>(op.bytes)) {
    const std::uint64_t key = counter_key(seed, 0);
    for (std::size_t i = 0; i < from_.size(); ++i)
      from_[i] = static_cast<unsigned char>(counter_bits(key, i));
  }
  void run() override {
    std::memcpy(to_.data(), from_.data(), from_.size());
    // The copy is an effect even where nobody reads it.
    *static_cast<volatile unsigned char*>(to_.data()) = to_.front();
  }
  std::vector<float> result() override {
    std::fill(to_.begin(), to_.end(), static_cast<unsigned char>(0));
    run();
    return {to_.begin(), to_.end()};
  }

 private:
  std::vector<unsigned char> from_, to_;
};

struct Make {
  std::uint64_t seed;
  std::unique_ptr<CpuPrepared> operator()(const KernelLaunch&) const { return std::make_unique<CpuLaunch>(); }
  std::unique_ptr<CpuPrepared> operator()(const HostCopy& op) const {
    return std::make_unique<CpuCopy>(op, seed);
  }
};

}  // namespace

std::unique_ptr<CpuPrepared> prepare_on_cpu(const HostOp& op, std::uint64_t seed) {
  return std::visit(Make{seed}, op);
}

}  // namespace traincast
