#include "kernels/cuda/matmul.h"

#include <algorithm>
#include <utility>

#include "kernels/operands.h"

namespace traincast::cuda {
namespace {

struct DescDeleter {
  void operator()(cublasLtMatmulDesc_t desc) const { cublasLtMatmulDescDestroy(desc); }
};
using Desc = std::unique_ptr<std::remove_pointer_t<cublasLtMatmulDesc_t>, DescDeleter>;
struct LayoutDeleter {
  void operator()(cublasLtMatrixLayout_t layout) const { cublasLtMatrixLayoutDestroy(layout); }
};
using MatrixLayout = std::unique_ptr<std::remove_pointer_t<cublasLtMatrixLayout_t>, LayoutDeleter>;
struct PreferenceDeleter {
  void operator()(cublasLtMatmulPreference_t p) const { cublasLtMatmulPreferenceDestroy(p); }
};
using Preference = std::unique_ptr<std::remove_pointer_t<cublasLtMatmulPreference_t>, PreferenceDeleter>;

cudaDataType_t cuda_type(DataType type) {
  switch (type) {
    case DataType::fp32:
      return CUDA_R_32F;
    case DataType::bf16:
      return CUDA_R_16BF;
    case DataType::fp16:
      return CUDA_R_16F;
    case DataType::fp8_e4m3:
      return CUDA_R_8F_E4M3;
    case DataType::fp4:
      break;
  }
  throw DeviceError("this backend has no fp4 product");
}

template <typename T>
void set(const Desc& desc, cublasLtMatmulDescAttributes_t attribute, const T& value) {
  TRAINCAST_CHECK(cublasLtMatmulDescSetAttribute(desc.get(), attribute, &value, sizeof value));
}
template <typename T>
void set(const Preference& preference, cublasLtMatmulPreferenceAttributes_t attribute, const T& value) {
  TRAINCAST_CHECK(cublasLtMatmulPreferenceSetAttribute(preference.get(), attribute, &value, sizeof value));
}

// Column-major and dense: the leading dimension is the number of rows.
MatrixLayout make_layout(DataType type, std::int64_t rows, std::int64_t columns, std::int64_t batch) {
  cublasLtMatrixLayout_t raw = nullptr;
  TRAINCAST_CHECK(cublasLtMatrixLayoutCreate(&raw, cuda_type(type), static_cast<std::uint64_t>(rows),
                                             static_cast<std::uint64_t>(columns), rows));
  MatrixLayout layout(raw);
  const auto count = static_cast<std::int32_t>(batch);
  const std::int64_t stride = rows * columns;
  TRAINCAST_CHECK(
      cublasLtMatrixLayoutSetAttribute(raw, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count));
  TRAINCAST_CHECK(cublasLtMatrixLayoutSetAttribute(raw, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride,
                                                   sizeof stride));
  return layout;
}

Preference make_preference(std::size_t alignment) {
  cublasLtMatmulPreference_t raw = nullptr;
  TRAINCAST_CHECK(cublasLtMatmulPreferenceCreate(&raw));
  Preference preference(raw);
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, MatmulContext::kWorkspaceBytes);
  const auto bytes = static_cast<std::uint32_t>(alignment);
  for (const auto attribute :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
    set(preference, attribute, bytes);
  }
  return preference;
}

}  // namespace

struct Matmul::Descriptors {
  Desc desc;
  MatrixLayout a, b, c;
  float beta;
  std::vector<cublasLtMatmulHeuristicResult_t> found;
  std::size_t chosen = 0;
  DeviceBuffer workspace;
};

void Matmul::DescriptorsDeleter::operator()(Descriptors* descriptors) const {
  delete descriptors;
}

MatmulContext::MatmulContext(cudaStream_t stream) {
  cublasLtHandle_t raw = nullptr;
  TRAINCAST_CHECK(cublasLtCreate(&raw));
  handle_.reset(raw);
  unit_scale_ = make_buffer(sizeof(float));
  const float one = 1.0f;
  TRAINCAST_CHECK(cudaMemcpyAsync(unit_scale_.get(), &one, sizeof one, cudaMemcpyHostToDevice, stream));
  TRAINCAST_CHECK(cudaStreamSynchronize(stream));
}

bool stored_transposed(const Gemm& op, std::size_t operand) {
  if (op.dtype != DataType::fp8_e4m3 || operand > 1) return false;
  if (operand == 0) return op.layout == GemmLayout::weight_gradient;
  return op.layout != GemmLayout::forward;
}

// cuBLASLt is column-major: what it sees as C[n, m] = op(A) op(B) is our row-major C[m, n], with our second
// operand as its A and our first as its B.
std::optional<Matmul> Matmul::plan(const MatmulContext& context, const Gemm& op, std::size_t alignment,
                                   int most) {
  const bool fp8 = op.dtype == DataType::fp8_e4m3;
  const bool transpose_a = fp8 || op.layout == GemmLayout::forward;           // k is contiguous in A
  const bool transpose_b = !fp8 && op.layout == GemmLayout::weight_gradient;  // k is not contiguous in B
  cublasLtMatmulDesc_t raw = nullptr;
  TRAINCAST_CHECK(cublasLtMatmulDescCreate(&raw, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  Handle d(new Descriptors{});
  d->desc.reset(raw);
  set(d->desc, CUBLASLT_MATMUL_DESC_TRANSA, transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(d->desc, CUBLASLT_MATMUL_DESC_TRANSB, transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  if (fp8) {
    const void* scale = context.unit_scale();
    set(d->desc, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, scale);
    set(d->desc, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, scale);
    // Transformer Engine promotes partial sums in gradients and not in the forward product.
    const std::int8_t fast = op.layout == GemmLayout::forward ? 1 : 0;
    set(d->desc, CUBLASLT_MATMUL_DESC_FAST_ACCUM, fast);
  }
  const Operand output = operands(op).at(2);
  d->a = make_layout(op.dtype, transpose_a ? op.k : op.n, transpose_a ? op.n : op.k, op.batch);
  d->b = make_layout(op.dtype, transpose_b ? op.m : op.k, transpose_b ? op.k : op.m, op.batch);
  d->c = make_layout(output.format, op.n, op.m, op.batch);
  d->beta = output.role == Role::accumulated ? 1.0f : 0.0f;

  const Preference preference = make_preference(alignment);
  d->found.resize(static_cast<std::size_t>(most));
  int found = 0;
  const cublasStatus_t status =
      cublasLtMatmulAlgoGetHeuristic(context.handle(), d->desc.get(), d->a.get(), d->b.get(), d->c.get(),
                                     d->c.get(), preference.get(), most, d->found.data(), &found);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return std::nullopt;
  TRAINCAST_CHECK(status);
  d->found.resize(static_cast<std::size_t>(found));
  std::erase_if(d->found, [](const auto& choice) { return choice.state != CUBLAS_STATUS_SUCCESS; });
  if (d->found.empty()) return std::nullopt;
  return Matmul(std::move(d));
}

int Matmul::choices() const {
  return static_cast<int>(descriptors_->found.size());
}

void Matmul::choose(int choice) {
  Descriptors& d = *descriptors_;
  d.chosen = static_cast<std::size_t>(choice);
  d.workspace.reset();  // before the next one: they may be large
  d.workspace = make_buffer(d.found.at(d.chosen).workspaceSize);
}

std::string Matmul::algorithm() const {
  const cublasLtMatmulAlgo_t& algo = descriptors_->found.at(descriptors_->chosen).algo;
  std::string text = "cublasLt";
  const auto add = [&](const char* label, cublasLtMatmulAlgoConfigAttributes_t attribute, auto value) {
    std::size_t written = 0;
    // An attribute that this library version does not know is left out.
    if (cublasLtMatmulAlgoConfigGetAttribute(&algo, attribute, &value, sizeof value, &written) !=
        CUBLAS_STATUS_SUCCESS) {
      return;
    }
    text += std::string(" ") + label + " " + std::to_string(value);
  };
  add("algo", CUBLASLT_ALGO_CONFIG_ID, std::int32_t{0});
  add("tile", CUBLASLT_ALGO_CONFIG_TILE_ID, std::uint32_t{0});
  add("stages", CUBLASLT_ALGO_CONFIG_STAGES_ID, std::uint32_t{0});
  add("split-k", CUBLASLT_ALGO_CONFIG_SPLITK_NUM, std::int32_t{0});
  add("cluster", CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID, std::uint16_t{0});
  return text;
}

void Matmul::run(const MatmulContext& context, const void* a, const void* b, void* c,
                 cudaStream_t stream) const {
  const float alpha = 1.0f;
  const Descriptors& d = *descriptors_;
  const cublasLtMatmulHeuristicResult_t& choice = d.found[d.chosen];
  TRAINCAST_CHECK(cublasLtMatmul(context.handle(), d.desc.get(), &alpha, b, d.a.get(), a, d.b.get(), &d.beta,
                                 c, d.c.get(), c, d.c.get(), &choice.algo, d.workspace.get(),
                                 choice.workspaceSize, stream));
}

}  // namespace traincast::cuda
