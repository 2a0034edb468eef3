#include "host/measure/sweep.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/operands.h"

namespace traincast {
namespace {

using Sizes = std::vector<std::int64_t>;

// 2^first, 2^(first + step), ... 2^last.
Sizes powers(int first, int last, int step) {
  Sizes sizes;
  for (int i = first; i <= last; i += step) sizes.push_back(std::int64_t{1} << i);
  return sizes;
}

struct Scale {
  Sizes gemm;       // m, n and k
  Sizes groups;     // of a grouped GEMM
  Sizes attention;  // sequence lengths
  Sizes elements;   // of memory-bound operations
  Sizes messages;   // bytes
};

// A CPU's shapes take milliseconds at some tens of GFLOP/s, an accelerator's at some hundreds of TFLOP/s.
// The largest messages are those of data parallelism: gradients of a whole stage.
Scale scale_of(bool accelerator, Effort effort) {
  switch (effort) {
    case Effort::quick:
      return accelerator ? Scale{powers(9, 13, 2), powers(3, 3, 1), powers(11, 13, 1), powers(20, 28, 2),
                                 powers(10, 28, 2)}
                         : Scale{powers(6, 8, 1), powers(2, 2, 1), powers(6, 8, 1), powers(14, 20, 2),
                                 powers(10, 22, 2)};
    case Effort::normal:
      // An accelerator's five minutes are for the shapes of real runs, beside a coarse grid.
      return accelerator ? Scale{powers(8, 14, 2), powers(1, 5, 2), powers(10, 15, 1), powers(16, 30, 1),
                                 powers(10, 30, 1)}
                         : Scale{powers(5, 10, 1), powers(1, 3, 1), powers(6, 10, 1), powers(12, 24, 1),
                                 powers(10, 26, 1)};
    case Effort::full:
      break;
  }
  return accelerator ? Scale{powers(7, 15, 1), powers(0, 7, 1), powers(8, 16, 1), powers(14, 32, 1),
                             powers(10, 33, 1)}
                     : Scale{powers(4, 11, 1), powers(0, 4, 1), powers(5, 11, 1), powers(10, 27, 1),
                             powers(10, 30, 1)};
}

// BF16 is what training computes in and FP32 what a CPU does; full effort tries every format.
std::vector<DataType> gemm_types(bool accelerator, Effort effort) {
  if (effort == Effort::full) {
    return {DataType::bf16, DataType::fp8_e4m3, DataType::fp16, DataType::fp32, DataType::fp4};
  }
  if (accelerator) return {DataType::bf16, DataType::fp8_e4m3};
  return {DataType::fp32, DataType::bf16};
}

constexpr std::array<GemmLayout, kGemmLayouts> kLayouts{GemmLayout::forward, GemmLayout::data_gradient,
                                                        GemmLayout::weight_gradient};

struct Extent {
  std::int64_t m = 0, n = 0, k = 0;
  double product() const { return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
};

// Cheapest first: what a spent budget cuts off is the dearest.
std::vector<Extent> grid(const Sizes& sizes) {
  std::vector<Extent> extents;
  for (const std::int64_t m : sizes) {
    for (const std::int64_t n : sizes) {
      for (const std::int64_t k : sizes) extents.push_back({m, n, k});
    }
  }
  std::stable_sort(extents.begin(), extents.end(),
                   [](const Extent& a, const Extent& b) { return a.product() < b.product(); });
  return extents;
}

// The smallest and every fourth from the largest down, then every second, then all.
Sizes coarse_first(const Sizes& sizes) {
  Sizes out = {sizes.front()};
  for (const std::size_t step : {4, 2, 1}) {
    for (std::size_t i = (sizes.size() - 1) % step; i < sizes.size(); i += step) {
      if (std::find(out.begin(), out.end(), sizes[i]) == out.end()) out.push_back(sizes[i]);
    }
  }
  return out;
}

void add_where_it_fits(std::vector<Op>& ops, const Op& op, const SweepDevice& device) {
  if (operand_bytes(op) <= device.memory) ops.push_back(op);
}

}  // namespace

std::string_view name(Section section) {
  constexpr std::array<std::string_view, kSections> kNames{"gemm", "attention",   "memory",      "host",
                                                           "runs", "collectives", "interference"};
  return kNames[static_cast<std::size_t>(section)];
}

Seconds section_budget(Section section, Effort effort) {
  // Seconds; quick: together well below a minute; normal: with a soak and sustained GEMMs, attention and runs
  // (40 % as long again) below five minutes.
  constexpr std::array<std::array<double, kSections>, 3> kBudgets{
      {{12, 4, 8, 1, 20, 10, 2}, {55, 20, 20, 5, 35, 40, 20}, {5400, 3600, 1800, 60, 3600, 3600, 600}}};
  return Seconds(kBudgets[static_cast<std::size_t>(effort)][static_cast<std::size_t>(section)]);
}

Seconds longest_execution(Effort effort) {
  constexpr std::array<double, 3> kLongest{0.25, 2, 20};
  return Seconds(kLongest[static_cast<std::size_t>(effort)]);
}

std::vector<Op> gemm_sweep(const SweepDevice& device, Effort effort) {
  const Scale scale = scale_of(device.accelerator, effort);
  const std::vector<DataType> types = gemm_types(device.accelerator, effort);
  std::vector<Op> ops;
  for (const Extent& e : grid(scale.gemm)) {
    for (const DataType dtype : types) {
      for (const GemmLayout layout : kLayouts) {
        add_where_it_fits(ops, Gemm{.m = e.m, .n = e.n, .k = e.k, .dtype = dtype, .layout = layout}, device);
        // Experts are narrow: their wide grid would repeat the dense one.
        if (e.n != e.k) continue;
        for (const std::int64_t groups : scale.groups) {
          add_where_it_fits(
              ops,
              GroupedGemm{.groups = groups, .m = e.m, .n = e.n, .k = e.k, .dtype = dtype, .layout = layout},
              device);
        }
      }
    }
  }
  return ops;
}

std::vector<Op> attention_sweep(const SweepDevice& device, Effort effort) {
  const Scale scale = scale_of(device.accelerator, effort);
  std::vector<Op> ops;
  for (const std::int64_t length : scale.attention) {
    for (const Pass pass : {Pass::forward, Pass::backward}) {
      for (const bool causal : {true, false}) {
        // Heads of Llama 3.1 405B on 8 tensor ranks; a CPU's are those of a toy.
        const Attention op{.batch = 1,
                           .query_length = length,
                           .kv_length = length,
                           .heads = device.accelerator ? 16 : 2,
                           .kv_heads = device.accelerator ? 2 : 1,
                           .head_dim = device.accelerator ? 128 : 64,
                           .value_dim = device.accelerator ? 128 : 64,
                           .causal = causal,
                           .pass = pass,
                           .dtype = device.accelerator ? DataType::bf16 : DataType::fp32};
        add_where_it_fits(ops, op, device);
      }
    }
  }
  return ops;
}

std::vector<Op> memory_sweep(const SweepDevice& device, Effort effort) {
  const Scale scale = scale_of(device.accelerator, effort);
  constexpr std::int64_t kVocabulary =
      131072;  // a row of logits is larger than the caches keep between its two reads
  std::vector<Op> ops;
  for (const std::int64_t elements : scale.elements) {
    for (int i = 0; i < kMemoryKinds; ++i) {
      const auto kind = static_cast<MemoryKind>(i);
      // A cast is from BF16 by definition.
      const bool sixteen_bits = device.accelerator || kind == MemoryKind::cast;
      const bool logits = kind == MemoryKind::cross_entropy;
      const std::int64_t columns = !device.accelerator ? 1024 : logits ? kVocabulary : 8192;
      add_where_it_fits(ops,
                        MemoryBound{.kind = kind,
                                    .rows = std::max<std::int64_t>(1, elements / columns),
                                    .columns = std::min(elements, columns),
                                    .dtype = sixteen_bits ? DataType::bf16 : DataType::fp32},
                        device);
    }
  }
  return ops;
}

std::vector<Message> collective_sweep(const SweepDevice& device, Effort effort) {
  std::vector<Message> messages;
  const auto add = [&](std::int64_t size, Collective collective, DataType dtype) {
    messages.push_back({.collective = collective, .size = Bytes(static_cast<double>(size)), .dtype = dtype});
  };
  for (const std::int64_t size : coarse_first(scale_of(device.accelerator, effort).messages)) {
    for (int i = 0; i < kCollectives; ++i) {
      const auto collective = static_cast<Collective>(i);
      // A CPU computes in FP32. What is not summed moves alike in every format.
      const bool sums = collective == Collective::all_reduce || collective == Collective::reduce_scatter;
      if (device.accelerator) add(size, collective, DataType::bf16);
      if (!device.accelerator || sums || effort == Effort::full) add(size, collective, DataType::fp32);
    }
  }
  return messages;
}

std::vector<Message> interference_sweep(const SweepDevice& device, Effort effort) {
  Sizes sizes = device.accelerator ? powers(20, 29, 3) : powers(18, 24, 3);
  if (effort == Effort::quick) sizes = device.accelerator ? Sizes{1 << 26} : Sizes{1 << 20};
  std::vector<Message> messages;
  for (const std::int64_t size : sizes) {
    for (int i = 0; i < kCollectives; ++i) {
      messages.push_back({.collective = static_cast<Collective>(i),
                          .size = Bytes(static_cast<double>(size)),
                          .dtype = device.accelerator ? DataType::bf16 : DataType::fp32});
    }
  }
  return messages;
}

Op interfering_gemm(const SweepDevice& device, Effort effort) {
  if (device.accelerator) return Gemm{.m = 4096, .n = 8192, .k = 8192, .dtype = DataType::bf16};
  const std::int64_t side = effort == Effort::quick ? 128 : 256;
  return Gemm{.m = side, .n = side, .k = side, .dtype = DataType::fp32};
}

Bytes message_memory(const Message& message) {
  const bool apart =
      message.collective == Collective::all_to_all || message.collective == Collective::send_recv;
  return message.size * (apart ? 2.0 : 1.0);
}

std::vector<HostOp> host_sweep(const SweepDevice& device, Effort effort) {
  std::vector<HostOp> ops{KernelLaunch{}};
  int largest = effort == Effort::quick ? 24 : 30;
  if (!device.accelerator) largest -= 4;
  for (const std::int64_t bytes : powers(16, largest, effort == Effort::full ? 1 : 2)) {
    if (static_cast<double>(bytes) * 2 > device.memory.value()) break;
    for (int i = 0; i < kCopyDirections; ++i) {
      ops.emplace_back(HostCopy{.direction = static_cast<CopyDirection>(i), .bytes = bytes});
    }
  }
  return ops;
}

Op soaking_gemm(const SweepDevice& device) {
  const std::int64_t side = device.accelerator ? 8192 : 384;
  return Gemm{.m = side, .n = side, .k = side, .dtype = device.accelerator ? DataType::bf16 : DataType::fp32};
}

}  // namespace traincast
