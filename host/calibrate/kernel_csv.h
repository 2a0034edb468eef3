// Tables of kernel times measured by others or by another tool, one kernel a line.
#pragma once

#include <vector>

#include "host/base/csv.h"
#include "host/calibrate/curves.h"

namespace traincast {

// Comma-separated, with a header; columns by name in any order, columns of other names are not read:
//   GEMM        dtype, m, n, k, time_us, and optionally layout (forward), batch (1)
//   attention   batch, seq, heads, kv_heads, head_dim, time_us, and optionally dtype (bf16), causal (true),
//               pass (forward): query and key length are seq, value and head dimension equal
// A table with head_dim is attention. dtype: bfloat16, float16, float32, fp8, or a name of DataType.
// Throws ConfigError naming file, line and column of the first cell that cannot be accepted.
std::vector<KernelPoint> read_kernel_csv(const CsvTable& table);

}  // namespace traincast
