#include "host/config/load.h"
#include "host/config/reader.h"

namespace traincast {
namespace {

// The key of each format's peak. "tf32" may be stated, too: it is checked, and the model has no use for it.
struct PeakKey {
  std::string_view key;
  DataType type;
  bool required;
};
constexpr PeakKey kPeakKeys[] = {{"fp32", DataType::fp32, true},
                                 {"bf16", DataType::bf16, true},
                                 {"fp16", DataType::fp16, true},
                                 {"fp8", DataType::fp8_e4m3, false},
                                 {"fp4", DataType::fp4, false}};

Gpu::Compute read_compute(Reader reader) {
  Gpu::Compute compute;
  for (const PeakKey& row : kPeakKeys) {
    if (row.required || reader.has(row.key)) {
      compute.peak[static_cast<std::size_t>(row.type)] = reader.quantity<FlopRate>(row.key);
    }
  }
  reader.quantity_or<FlopRate>("tf32", {});
  compute.multiprocessors = static_cast<int>(reader.count("multiprocessors", 1, 100'000));
  compute.boost_clock = reader.quantity<Frequency>("boost_clock");
  compute.from = reader.provenance();
  return compute;
}

GemmRate read_gemm_rate(Reader reader) {
  return {reader.quantity<FlopRate>("plateau"), reader.number("half_m", 0, 1e6),
          reader.number("half_n", 0, 1e6), reader.number("half_k", 0, 1e6)};
}

SustainedRates read_sustained(Reader reader) {
  SustainedRates rates;
  Reader gemm = reader.object("gemm");
  for (const PeakKey& row : kPeakKeys) {
    if (auto rate = gemm.object_if(row.key))
      rates.gemm[static_cast<std::size_t>(row.type)] = read_gemm_rate(*rate);
  }
  Reader attention = reader.object("attention");
  for (std::size_t i = 1; i < kAttentionKernels; ++i) {  // unfused attention is made of GEMMs and streams
    if (auto rate = attention.object_if(kAttentionKernelNames[i])) {
      rates.attention[i] = {rate->quantity<FlopRate>("forward"), rate->quantity<FlopRate>("backward"),
                            rate->number("half_length", 0, 1e6)};
    }
  }
  rates.stream = reader.quantity<Bandwidth>("stream");
  rates.launch = reader.quantity<Seconds>("launch", Zero::allowed);
  rates.spread = reader.number("spread", 0, 1);
  rates.from = reader.provenance();
  return rates;
}

ClockedPower read_clocked(Reader reader, Watts board) {
  ClockedPower clocked{.dynamic = reader.quantity<Watts>("dynamic"),
                       .voltage_floor = reader.number("voltage_floor", 0.1, 1),
                       .lowest = reader.number("lowest", 0.1, 1),
                       .from = reader.provenance()};
  if (clocked.dynamic > board) {
    reader.fail("dynamic", "the switching power " + to_string(clocked.dynamic) + " is above the board's " +
                               to_string(board));
  }
  return clocked;
}

}  // namespace

Gpu load_gpu(const ConfigStore& store, std::string_view name_or_path) {
  const std::filesystem::path file = store.path(ConfigKind::gpus, name_or_path);
  Reader root = store.read(ConfigKind::gpus, file);
  Gpu gpu;
  gpu.name = file.stem().string();
  root.provenance();
  gpu.product = root.text("product");
  gpu.profile = reference(root, "profile", store, ConfigKind::profiles);
  gpu.compute = read_compute(root.object("compute"));
  Reader memory = root.object("memory");
  gpu.memory = {memory.quantity<Bytes>("capacity"), memory.quantity<Bandwidth>("bandwidth"),
                memory.provenance()};
  Reader links = root.object("links");
  gpu.links.nvlink = links.quantity<Bandwidth>("nvlink");
  gpu.links.host = links.quantity<Bandwidth>("host");
  gpu.links.from = links.provenance();
  gpu.aliases = root.texts_or_none("aliases");
  gpu.links.nvlink_domain = links.count("nvlink_domain", 1, 100'000);
  gpu.links.default_nic = links.quantity<Bandwidth>("default_nic");
  gpu.sustained = read_sustained(root.object("sustained"));
  Reader power = root.object("power");
  gpu.power = {power.quantity<Watts>("board"), power.quantity<Watts>("server_training"), power.provenance(),
               std::nullopt};
  if (auto clocked = power.object_if("clocked")) gpu.power.clocked = read_clocked(*clocked, gpu.power.board);
  Reader price = root.object("price");
  gpu.price = {price.quantity<Dollars>("capital"), price.quantity<DollarRate>("rent"), price.provenance()};
  root.finish();
  if (gpu.power.server_training < gpu.power.board * 0.5) {
    power.fail("server_training", "the server's share " + to_string(gpu.power.server_training) +
                                      " is below half of the board's " + to_string(gpu.power.board));
  }
  return gpu;
}

}  // namespace traincast
