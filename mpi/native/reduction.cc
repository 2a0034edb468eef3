#include "mpi/native/reduction.h"

#include "mpi/element.h"
#include "mpi/native/check.h"

namespace traincast {
namespace {

template <typename Format>
void add(void* from, void* into, int* count, MPI_Datatype*) {
  const auto* a = static_cast<const typename Format::Bits*>(from);
  auto* b = static_cast<typename Format::Bits*>(into);
  for (int i = 0; i < *count; ++i) b[i] = Format::encode(Format::decode(a[i]) + Format::decode(b[i]));
}

MPI_User_function* addition(DataType dtype) {
  switch (dtype) {
    case DataType::bf16:
      return add<Bf16>;
    case DataType::fp16:
      return add<Fp16>;
    case DataType::fp8_e4m3:
      return add<Fp8E4M3>;
    case DataType::fp32:
    case DataType::fp4:  // never reduced
      break;
  }
  return nullptr;
}

}  // namespace

MPI_Datatype mpi_type(DataType dtype) {
  if (dtype == DataType::fp32) return MPI_FLOAT;
  return unit_bytes(dtype) == 2 ? MPI_UINT16_T : MPI_UINT8_T;
}

MpiSum::MpiSum(DataType dtype) {
  MPI_User_function* function = addition(dtype);
  if (function == nullptr) return;
  check_mpi("MPI_Op_create", MPI_Op_create(function, 1, &op_));
  own_ = true;
}

MpiSum::~MpiSum() {
  if (own_) MPI_Op_free(&op_);
}

}  // namespace traincast
