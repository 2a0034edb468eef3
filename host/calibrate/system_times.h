// The two interfaces of host/model/system.h over what is calibrated: kernel curves and a NCCL-like fabric.
#pragma once

#include <array>
#include <cstdint>
#include <variant>

#include "host/base/op.h"
#include "host/model/collectives.h"
#include "host/model/kernel_curves.h"
#include "host/model/roofline.h"
#include "host/model/system.h"

namespace traincast {

// By the alternative of Op.
using OpFlags = std::array<bool, std::variant_size_v<Op>>;

// Kernel times of a profile; of `others`, which the profile has no rows of, from elsewhere.
class CurveTimes final : public KernelTimes {
 public:
  CurveTimes(KernelCurves curves, const OpFlags& others, RooflineTimes elsewhere);
  // Without the conversion to 8 bits that published GEMM timings include: the layer model counts casts apart.
  Seconds time(const Op& op) const override {
    if (others_[op.index()]) return elsewhere_.time(op);
    return curves_.time(op) - curves_.conversion_time(op);
  }
  // Of a large copy.
  Bandwidth stream_rate() const override { return stream_; }

 private:
  KernelCurves curves_;
  OpFlags others_;
  RooflineTimes elsewhere_;
  Bandwidth stream_;
};

// Collective times of a fabric. A group that leaves its NVLink domain shares the domain's NICs with the
// groups like it that the domain's other GPUs belong to: in a training step all of them communicate at once.
class FabricTimes final : public CollectiveTimes {
 public:
  explicit FabricTimes(Fabric fabric) : fabric_(std::move(fabric)) {}
  Seconds time(Collective collective, Bytes message, const CommGroup& group) const override;
  const Fabric& fabric() const { return fabric_; }

 private:
  Fabric fabric_;
};

// How collective_cost() sees a group of the step model.
Group fabric_group(const CommGroup& group, std::int64_t gpus_per_node);

}  // namespace traincast
