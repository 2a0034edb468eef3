#include "kernels/cuda/cuda_backend.h"

#include <utility>

#include "kernels/cuda/cuda_info.h"
#include "kernels/cuda/launcher.h"
#include "kernels/cuda/operand_sets.h"
#include "kernels/cuda/prepared.h"

namespace traincast {
namespace cuda {
namespace {

class OpPrepared final : public CudaPrepared {
 public:
  OpPrepared(OperandSets sets, std::unique_ptr<Launcher> launcher)
      : sets_(std::move(sets)), launcher_(std::move(launcher)) {
    for (std::size_t i = 0; i < sets_.copies(); ++i) pointers_.push_back(sets_.pointers(i));
  }

  // Each execution takes the next copy of the operands, also across calls.
  void launch(cudaStream_t stream) override {
    launcher_->launch(pointers_[next_], stream);
    next_ = (next_ + 1) % pointers_.size();
  }

  std::vector<float> result(cudaStream_t stream) override {
    sets_.reset();
    launcher_->launch(pointers_[0], stream);
    return sets_.download();
  }

 private:
  OperandSets sets_;
  std::unique_ptr<Launcher> launcher_;
  std::vector<std::vector<void*>> pointers_;
  std::size_t next_ = 0;
};

Seconds elapsed(const Event& from, const Event& to) {
  float milliseconds = 0;
  TRAINCAST_CHECK(cudaEventElapsedTime(&milliseconds, from.get(), to.get()));
  return Seconds(1e-3 * static_cast<double>(milliseconds));
}

cudaDeviceProp properties_of(int device) {
  cudaDeviceProp properties{};
  TRAINCAST_CHECK(cudaSetDevice(device));
  TRAINCAST_CHECK(cudaGetDeviceProperties(&properties, device));
  if (const std::string why = why_too_old(device); !why.empty()) throw DeviceError(why);
  return properties;
}

class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(int device)
      : device_(device),
        properties_(properties_of(device)),
        stream_(make_stream()),
        start_(make_event()),
        stop_(make_event()),
        launch_{.stream = stream_.get(), .multiprocessors = properties_.multiProcessorCount},
        matmul_(stream_.get()),
        flush_(make_buffer(flush_bytes())) {
    const DeviceInfo self = device_info(device_, properties_);
    telemetry_ = nvml_telemetry(self.id, self.pci_bus_id);
  }

  DeviceInfo info() const override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    return device_info(device_, properties_);
  }

  std::string why_unsupported(const Op& op) const override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    if (std::string why = invalid_shape(op); !why.empty()) return why;
    const DataType dtype = std::visit([](const auto& o) { return o.dtype; }, op);
    if (dtype == DataType::fp4) return "fp4 has no kernel in this backend";
    const auto* memory = std::get_if<MemoryBound>(&op);
    const bool casts = memory != nullptr && memory->kind == MemoryKind::cast;
    if ((dtype == DataType::fp8_e4m3 || casts) && 10 * properties_.major + properties_.minor < 89) {
      return "FP8 needs compute capability 8.9 or later";
    }
    if (std::string why = why_no_memory(op); !why.empty()) return why;
    return std::visit([this](const auto& o) { return why_no_kernel(o); }, op);
  }

  std::string why_unsupported(const HostOp&) const override { return "this backend does not run it yet"; }

  std::unique_ptr<Prepared> prepare(const Op& op, std::uint64_t seed, const PrepareOptions&) override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    auto launcher = std::visit([&](const auto& o) { return make_launcher(o, seed); }, op);
    OperandSets sets(op, seed, launch_, flush_bytes());
    TRAINCAST_CHECK(cudaStreamSynchronize(stream_.get()));
    return std::make_unique<OpPrepared>(std::move(sets), std::move(launcher));
  }

  std::unique_ptr<Prepared> prepare(const HostOp& op, std::uint64_t) override {
    throw DeviceError(why_unsupported(op));
  }

  Seconds time(Prepared& prepared, int repeats) override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    auto& op = dynamic_cast<CudaPrepared&>(prepared);
    TRAINCAST_CHECK(cudaEventRecord(start_.get(), stream_.get()));
    for (int i = 0; i < repeats; ++i) op.launch(stream_.get());
    TRAINCAST_CHECK(cudaEventRecord(stop_.get(), stream_.get()));
    TRAINCAST_CHECK(cudaEventSynchronize(stop_.get()));
    return elapsed(start_, stop_);
  }

  void enqueue(Prepared& prepared) override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    dynamic_cast<CudaPrepared&>(prepared).launch(stream_.get());
  }
  void mark() override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    Event event = make_event();
    TRAINCAST_CHECK(cudaEventRecord(event.get(), stream_.get()));
    marks_.push_back(std::move(event));
  }
  std::vector<Seconds> synchronize() override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    TRAINCAST_CHECK(cudaStreamSynchronize(stream_.get()));
    const std::vector<Event> marks = std::exchange(marks_, {});
    std::vector<Seconds> times;
    for (const Event& mark : marks) times.push_back(elapsed(marks.front(), mark));
    return times;
  }

  std::unique_ptr<BackgroundLoad> run_in_background(Prepared& prepared) override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    return cuda_background(dynamic_cast<CudaPrepared&>(prepared), device_);
  }
  Telemetry& telemetry() override { return *telemetry_; }

  std::vector<float> result(Prepared& prepared) override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    return dynamic_cast<CudaPrepared&>(prepared).result(stream_.get());
  }

  // In stream order, so that the next time() starts after it.
  void flush_cache() override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    TRAINCAST_CHECK(cudaMemsetAsync(flush_.get(), ++pattern_, flush_bytes(), stream_.get()));
  }

 private:
  std::size_t flush_bytes() const { return 2 * static_cast<std::size_t>(properties_.l2CacheSize); }

  std::string why_no_memory(const Op& op) const {
    const auto* memory = std::get_if<MemoryBound>(&op);
    const std::size_t needed = set_bytes(op) + (memory == nullptr ? 0 : scratch_bytes(*memory, launch_));
    std::size_t free = 0;
    std::size_t total = 0;
    TRAINCAST_CHECK(cudaMemGetInfo(&free, &total));
    if (needed <= free) return "";
    return "needs " + to_string(Bytes(static_cast<double>(needed))) + " of device memory, " +
           to_string(Bytes(static_cast<double>(free))) + " are free";
  }

  std::string why_no_kernel(const Gemm& op) const { return why_no_gemm(op, matmul_); }
  std::string why_no_kernel(const GroupedGemm& op) const { return why_no_grouped_gemm(op, matmul_); }
  std::string why_no_kernel(const Attention&) const {
    return "needs cuDNN's fused attention, which this binary does not use yet";
  }
  std::string why_no_kernel(const MemoryBound& op) const {
    const bool moves_bytes = op.kind == MemoryKind::copy || op.kind == MemoryKind::permute;
    if (op.dtype == DataType::fp8_e4m3 && !moves_bytes && op.kind != MemoryKind::adam) {
      return std::string(name(op.kind)) + " has no FP8 kernel";
    }
    // rms_norm_backward keeps one row of weight gradients in shared memory, beside a reduction's 32 floats.
    constexpr std::int64_t kReduction = 1024;
    const auto row = static_cast<std::int64_t>(properties_.sharedMemPerBlockOptin) - kReduction;
    if (op.kind == MemoryKind::rms_norm_backward && op.columns * 4 > row) {
      return "rms_norm_backward takes at most " + std::to_string(row / 4) + " columns on this device";
    }
    return "";
  }

  std::unique_ptr<Launcher> make_launcher(const Gemm& op, std::uint64_t) const {
    return make_gemm(op, matmul_);
  }
  std::unique_ptr<Launcher> make_launcher(const GroupedGemm& op, std::uint64_t) const {
    return make_grouped_gemm(op, matmul_);
  }
  std::unique_ptr<Launcher> make_launcher(const Attention& op, std::uint64_t) const {
    throw DeviceError(why_no_kernel(op));
  }
  std::unique_ptr<Launcher> make_launcher(const MemoryBound& op, std::uint64_t seed) const {
    return make_memory_bound(op, seed, launch_);
  }

  int device_;
  cudaDeviceProp properties_;
  Stream stream_;
  Event start_, stop_;
  Launch launch_;
  MatmulContext matmul_;
  DeviceBuffer flush_;
  int pattern_ = 0;
  std::vector<Event> marks_;
  std::unique_ptr<Telemetry> telemetry_;
};

}  // namespace
}  // namespace cuda

std::string cuda_why_unavailable() {
  std::string why;
  return cuda::count_devices(why) > 0 ? cuda::why_too_old(0) : why;
}

int cuda_device_count() {
  std::string why;
  return cuda::count_devices(why);
}

std::unique_ptr<Backend> make_cuda_backend(int device) {
  const int count = cuda_device_count();
  if (device < 0 || device >= count) {
    throw DeviceError("CUDA device " + std::to_string(device) + " does not exist: this host has " +
                      std::to_string(count));
  }
  return std::make_unique<cuda::CudaBackend>(device);
}

}  // namespace traincast
