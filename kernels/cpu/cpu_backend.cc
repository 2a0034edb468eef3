#include "kernels/cpu/cpu_backend.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "kernels/cpu/cpu_info.h"
#include "kernels/cpu/cpu_prepared.h"
#include "kernels/cpu/sgemm.h"
#include "kernels/operands.h"

namespace traincast {
namespace {

bool uses_fp4(const Op& op) {
  return std::visit([](const auto& o) { return o.dtype == DataType::fp4; }, op);
}

// CBLAS takes 32-bit dimensions.
bool too_long_for_blas(const Op& op) {
  constexpr std::int64_t kLimit = std::numeric_limits<int>::max();
  if (const auto* g = std::get_if<Gemm>(&op)) return std::max({g->m, g->n, g->k}) > kLimit;
  if (const auto* g = std::get_if<GroupedGemm>(&op)) return std::max({g->m, g->n, g->k}) > kLimit;
  return false;
}

using Clock = std::chrono::steady_clock;
Seconds seconds(Clock::duration duration) {
  return Seconds(std::chrono::duration<double>(duration).count());
}
Seconds since(Clock::time_point start) {
  return seconds(Clock::now() - start);
}

std::string why_no_memory(Bytes needed) {
  const Bytes available = available_memory();
  if (available.value() <= 0 || needed <= available) return "";
  return "needs " + to_string(needed) + " of memory, " + to_string(available) + " are available";
}

class CpuBackend final : public Backend {
 public:
  CpuBackend() : info_(cpu_info()) { sgemm_single_thread(); }

  DeviceInfo info() const override { return info_; }

  std::string why_unsupported(const Op& op) const override {
    if (std::string why = invalid_shape(op); !why.empty()) return why;
    if (uses_fp4(op)) return "fp4 has no CPU implementation";
    if (too_long_for_blas(op)) return "m, n and k must be below 2^31";
    double needed = 0;  // every operand is held in FP32
    for (const Operand& operand : operands(op)) needed += 4.0 * static_cast<double>(operand.elements);
    return why_no_memory(Bytes(needed));
  }
  std::string why_unsupported(const HostOp& op) const override {
    if (std::string why = invalid_shape(op); !why.empty()) return why;
    return why_no_memory(2 * work(op).bytes);
  }

  std::unique_ptr<Prepared> prepare(const Op& op, std::uint64_t seed, const PrepareOptions&) override {
    return prepare_on_cpu(op, seed);
  }
  std::unique_ptr<Prepared> prepare(const HostOp& op, std::uint64_t seed) override {
    return prepare_on_cpu(op, seed);
  }

  Seconds time(Prepared& prepared, int repeats) override {
    auto& op = dynamic_cast<CpuPrepared&>(prepared);
    const auto start = Clock::now();
    for (int i = 0; i < repeats; ++i) op.run();
    return since(start);
  }

  void enqueue(Prepared& prepared) override { dynamic_cast<CpuPrepared&>(prepared).run(); }
  void mark() override { marks_.push_back(Clock::now()); }
  std::vector<Seconds> synchronize() override {
    const std::vector<Clock::time_point> marks = std::exchange(marks_, {});
    std::vector<Seconds> times;
    for (const Clock::time_point mark : marks) times.push_back(seconds(mark - marks.front()));
    return times;
  }

  std::unique_ptr<BackgroundLoad> run_in_background(Prepared& prepared) override {
    return cpu_background(dynamic_cast<CpuPrepared&>(prepared));
  }
  Telemetry& telemetry() override { return *telemetry_; }

  std::vector<float> result(Prepared& prepared) override {
    return dynamic_cast<CpuPrepared&>(prepared).result();
  }

  void flush_cache() override {
    flush_.resize(static_cast<std::size_t>(2 * info_.last_level_cache.value()));
    ++pattern_;
    std::fill(flush_.begin(), flush_.end(), pattern_);
  }

 private:
  DeviceInfo info_;
  std::unique_ptr<Telemetry> telemetry_ =
      no_telemetry("the CPU backend reads no clocks, power or temperature");
  std::vector<Clock::time_point> marks_;
  std::vector<unsigned char> flush_;
  unsigned char pattern_ = 0;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(int) {
  return std::make_unique<CpuBackend>();
}

}  // namespace traincast
