// One plan of the search space: everything that the search decides, and nothing else. Small and ordered, so
// that ties have one answer however the space is split.
#pragma once

#include <compare>
#include <cstdint>
#include <tuple>

#include "host/model/plan.h"

namespace traincast {

struct Choice {
  std::int32_t tensor = 1, pipeline = 1, virtual_stages = 1, context = 1, expert = 1, expert_tensor = 1;
  std::int32_t data = 1, zero = 0, shard = 0, micro_batch = 1;
  std::int64_t global_batch = 0;
  Precision precision = Precision::bf16;
  Recompute recompute = Recompute::none;
  Schedule schedule = Schedule::one_f_one_b;
  std::int32_t share_percent = 100;  // of the layers, under full recomputation
  std::int32_t overlap = 0;          // index of the stack variant (space.h)
  bool sequence_parallel = true;

  // clang-tidy 14 takes the implied 0 for a null pointer. NOLINTNEXTLINE(modernize-use-nullptr)
  friend auto operator<=>(const Choice&, const Choice&) = default;

  // The same but for what changes neither who computes what nor when: ZeRO level, sharding group, share of
  // recomputed layers. Lists show the best of each such family.
  bool same_family(const Choice& o) const {
    const auto key = [](const Choice& c) {
      return std::tie(c.tensor, c.pipeline, c.virtual_stages, c.context, c.expert, c.expert_tensor,
                      c.micro_batch, c.global_batch, c.precision, c.recompute, c.schedule,
                      c.sequence_parallel);
    };
    return key(*this) == key(o);
  }
};

// `base` gives what the search leaves alone: name, stack, routing skew, adapters.
Plan to_plan(const Choice& choice, const Plan& base);
Choice to_choice(const Plan& plan);
// Of the layers, 0 to 1; 1 where layers are not recomputed as a whole.
double recompute_share(const Choice& choice);

}  // namespace traincast
