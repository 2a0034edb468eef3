// The communication groups of a plan: tensor ranks innermost, then context, data and pipeline (Megatron's
// order).
#include <algorithm>

#include "host/model/layer.h"

namespace traincast {
namespace {

CommGroup strided_group(std::int64_t ranks, std::int64_t stride, const System& system) {
  const std::int64_t per_domain = std::clamp<std::int64_t>(system.nvlink_domain / stride, 1, ranks);
  return {.ranks = ranks, .ranks_per_domain = per_domain, .span = ranks * stride};
}

}  // namespace

CommGroup tensor_group(const Plan& plan, const System& system) {
  return strided_group(plan.tensor_parallel, 1, system);
}
CommGroup context_group(const Plan& plan, const System& system) {
  return strided_group(plan.context_parallel, plan.tensor_parallel, system);
}
CommGroup expert_group(const Plan& plan, const System& system) {
  return strided_group(plan.expert_parallel, plan.expert_tensor_parallel, system);
}
CommGroup expert_tensor_group(const Plan& plan, const System& system) {
  return strided_group(plan.expert_tensor_parallel, 1, system);
}
CommGroup expert_data_group(const Plan& plan, const System& system) {
  const std::int64_t block = plan.expert_parallel * plan.expert_tensor_parallel;
  const std::int64_t ranks = plan.tensor_parallel * plan.context_parallel * plan.data_parallel;
  return strided_group(std::max<std::int64_t>(1, ranks / block), block, system);
}
CommGroup data_group(const Plan& plan, const System& system) {
  return strided_group(plan.data_parallel * plan.context_parallel, plan.tensor_parallel, system);
}

}  // namespace traincast
