#include "kernels/cuda/cuda_backend.h"

#include <utility>

#include "kernels/cpu/cpu_info.h"
#include "kernels/cuda/attention.h"
#include "kernels/cuda/cuda_info.h"
#include "kernels/cuda/host_ops.h"
#include "kernels/cuda/op_prepared.h"

namespace traincast {
namespace cuda {
namespace {

cudaDeviceProp properties_of(int device) {
  cudaDeviceProp properties{};
  TRAINCAST_CHECK(cudaSetDevice(device));
  TRAINCAST_CHECK(cudaGetDeviceProperties(&properties, device));
  if (const std::string why = why_too_old(device); !why.empty()) throw DeviceError(why);
  return properties;
}

// Says which op a failure belongs to: the call that meets it is often only the next one that waits.
template <typename AnyOp, typename Make>
auto naming(const AnyOp& op, Make make) {
  try {
    return make();
  } catch (const DeviceError& error) {
    throw DeviceError(to_string(op) + ": " + error.what());
  }
}

class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(int device)
      : device_(device),
        properties_(properties_of(device)),
        stream_(make_stream()),
        launch_{.stream = stream_.get(), .multiprocessors = properties_.multiProcessorCount},
        timer_(stream_.get()),
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
    const std::size_t scratch = std::visit([this](const auto& o) { return scratch_of(o); }, op);
    if (std::string why = why_no_memory(set_bytes(op) + scratch); !why.empty()) return why;
    return std::visit([this](const auto& o) { return why_no_kernel(o); }, op);
  }

  std::string why_unsupported(const HostOp& op) const override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    if (std::string why = invalid_shape(op); !why.empty()) return why;
    const Bytes bytes = work(op).bytes;
    const Bytes host = available_memory();
    if (host.value() > 0 && bytes > host) {
      return "needs " + to_string(bytes) + " of the host's memory, " + to_string(host) + " are available";
    }
    return why_no_memory(static_cast<std::size_t>(bytes.value()));
  }

  std::unique_ptr<Prepared> prepare(const Op& op, std::uint64_t seed,
                                    const PrepareOptions& options) override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    return naming(op, [&] {
      auto launcher = std::visit([&](const auto& o) { return make_launcher(o, seed, options); }, op);
      OperandSets sets(op, seed, launch_, flush_bytes());
      TRAINCAST_CHECK(cudaStreamSynchronize(stream_.get()));
      return std::make_unique<OpPrepared>(std::move(sets), std::move(launcher), timer_, stream_.get());
    });
  }
  std::unique_ptr<Prepared> prepare(const HostOp& op, std::uint64_t seed) override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    return naming(op, [&] { return prepare_host_op(op, seed, stream_.get()); });
  }

  Seconds time(Prepared& prepared, int repeats) override {
    TRAINCAST_CHECK(cudaSetDevice(device_));
    auto& op = dynamic_cast<CudaPrepared&>(prepared);
    return op.by_host_clock() ? timer_.host_time(op, repeats) : timer_.device_time(op, repeats);
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

  std::size_t scratch_of(const Gemm&) const { return MatmulContext::kWorkspaceBytes; }
  std::size_t scratch_of(const GroupedGemm&) const { return MatmulContext::kWorkspaceBytes; }
  std::size_t scratch_of(const Attention& op) const { return attention_state_bytes(op); }
  std::size_t scratch_of(const MemoryBound& op) const { return scratch_bytes(op, launch_); }

  static std::string why_no_memory(std::size_t needed) {
    std::size_t free = 0;
    std::size_t total = 0;
    TRAINCAST_CHECK(cudaMemGetInfo(&free, &total));
    if (needed <= free) return "";
    return "needs " + to_string(Bytes(static_cast<double>(needed))) + " of device memory, " +
           to_string(Bytes(static_cast<double>(free))) + " are free";
  }

  std::string why_no_kernel(const Gemm& op) const { return why_no_gemm(op, matmul_); }
  std::string why_no_kernel(const GroupedGemm& op) const { return why_no_grouped_gemm(op, matmul_); }
  static std::string why_no_kernel(const Attention& op) { return why_no_attention(op); }
  std::string why_no_kernel(const MemoryBound& op) const {
    const bool moves_bytes = op.kind == MemoryKind::copy || op.kind == MemoryKind::permute;
    if (op.dtype == DataType::fp8_e4m3 && !moves_bytes && op.kind != MemoryKind::adam) {
      return std::string(name(op.kind)) + " has no FP8 kernel";
    }
    // rms_norm_backward keeps one long row of weight gradients in shared memory, beside a reduction's 32
    // floats.
    constexpr std::int64_t kReduction = 1024;
    const auto row = static_cast<std::int64_t>(properties_.sharedMemPerBlockOptin) - kReduction;
    if (op.kind == MemoryKind::rms_norm_backward && op.columns * 4 > row) {
      return "rms_norm_backward takes at most " + std::to_string(row / 4) + " columns on this device";
    }
    return "";
  }

  std::unique_ptr<Launcher> make_launcher(const Gemm& op, std::uint64_t,
                                          const PrepareOptions& options) const {
    return make_gemm(op, matmul_, options.algorithms);
  }
  std::unique_ptr<Launcher> make_launcher(const GroupedGemm& op, std::uint64_t,
                                          const PrepareOptions& options) const {
    return make_grouped_gemm(op, matmul_, options.algorithms);
  }
  static std::unique_ptr<Launcher> make_launcher(const Attention& op, std::uint64_t,
                                                 const PrepareOptions& options) {
    return make_attention(op, options.algorithms);
  }
  std::unique_ptr<Launcher> make_launcher(const MemoryBound& op, std::uint64_t seed,
                                          const PrepareOptions&) const {
    return make_memory_bound(op, seed, launch_);
  }

  int device_;
  cudaDeviceProp properties_;
  Stream stream_;
  Launch launch_;
  Timer timer_;
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
