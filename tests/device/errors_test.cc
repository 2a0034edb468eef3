// How vendor errors are reported; needs CUDA's libraries and no GPU.
#include <gtest/gtest.h>

#include "kernels/cuda/check.h"

namespace traincast::cuda {
namespace {

template <typename Status>
std::string message_of(ErrorCheck& errors, Status status) {
  try {
    errors.check(status, "call()", "file.cc", 7);
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "";
}

TEST(ErrorCheck, NamesCallPlaceAndTheVendorsText) {
  ErrorCheck errors;
  EXPECT_EQ(message_of(errors, cudaSuccess), "");
  EXPECT_EQ(message_of(errors, CUBLAS_STATUS_SUCCESS), "");
  EXPECT_EQ(message_of(errors, cudaErrorMemoryAllocation),
            "call() failed at file.cc:7: cudaErrorMemoryAllocation (out of memory)");
  EXPECT_EQ(message_of(errors, CUBLAS_STATUS_NOT_SUPPORTED),
            "call() failed at file.cc:7: CUBLAS_STATUS_NOT_SUPPORTED");
  EXPECT_NO_THROW(errors.check_text("", "call()", "file.cc", 7));
  EXPECT_THROW(errors.check_text("no plan", "call()", "file.cc", 7), DeviceError);
}

TEST(ErrorCheck, AnOrdinaryErrorLeavesTheDeviceUsable) {
  ErrorCheck errors;
  EXPECT_NE(message_of(errors, cudaErrorMemoryAllocation), "");
  EXPECT_EQ(message_of(errors, cudaSuccess), "");
}

TEST(ErrorCheck, AfterAStickyErrorEverythingFailsAtOnceAndNamesIt) {
  ErrorCheck errors;
  const std::string first = message_of(errors, cudaErrorIllegalAddress);
  EXPECT_NE(first.find("call() failed at file.cc:7: cudaErrorIllegalAddress"), std::string::npos) << first;
  EXPECT_NE(first.find("cannot be used again"), std::string::npos) << first;
  for (const std::string& later :
       {message_of(errors, cudaSuccess), message_of(errors, cudaErrorLaunchFailure),
        message_of(errors, CUBLAS_STATUS_EXECUTION_FAILED)}) {
    EXPECT_NE(later.find("failed before"), std::string::npos) << later;
    EXPECT_NE(later.find("cudaErrorIllegalAddress"), std::string::npos) << later;
  }
  ErrorCheck other;
  EXPECT_EQ(message_of(other, cudaSuccess), "");
}

}  // namespace
}  // namespace traincast::cuda
