#include "host/config/load.h"
#include "host/config/reader.h"

namespace traincast {
namespace {

// The key of each format's peak. "tf32" may be stated, too: it is checked, and the model has no use for it.
struct PeakKey {
  DataType type;
  std::string_view key;
  bool required;
};
constexpr PeakKey kPeakKeys[] = {{DataType::fp32, "fp32", true},
                                 {DataType::bf16, "bf16", true},
                                 {DataType::fp16, "fp16", true},
                                 {DataType::fp8_e4m3, "fp8", false},
                                 {DataType::fp4, "fp4", false}};

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

}  // namespace

Gpu load_gpu(const ConfigStore& store, std::string_view name_or_path) {
  const std::filesystem::path file = store.path(ConfigKind::gpus, name_or_path);
  Reader root = Reader::from_file(file);
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
  gpu.links = {links.quantity<Bandwidth>("nvlink"), links.quantity<Bandwidth>("host"), links.provenance()};
  Reader power = root.object("power");
  gpu.power = {power.quantity<Watts>("board"), power.quantity<Watts>("server_training"), power.provenance()};
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
