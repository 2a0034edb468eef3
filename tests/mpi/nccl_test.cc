// NCCL between the GPUs of this machine, one a rank; skipped where there is none.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <string>

#include "host/base/errors.h"
#include "mpi/communicator.h"
#include "tests/mpi/fabric_checks.h"
#include "tests/mpi/main.h"

namespace traincast {
namespace {

int gpus() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) return 0;
  return count;
}

class NcclTest : public testing::Test {
 protected:
  void SetUp() override {
    if (gpus() == 0) GTEST_SKIP() << "no GPU here";
    if (gpus() < session_.local_size()) GTEST_SKIP() << gpus() << " GPUs for " << session_.size() << " ranks";
    communicator_ = make_communicator(session_, "cuda", session_.local_rank());
    ASSERT_EQ(communicator_->name(), "nccl");
  }
  Session& session_ = test_session();
  std::unique_ptr<Communicator> communicator_;
};

TEST_F(NcclTest, EveryCollectiveIsRightAtAllSizes) {
  expect_right_at_all_sizes(*communicator_, session_);
}
TEST_F(NcclTest, TimesAreAgreed) {
  expect_agreed_times(*communicator_, session_);
}
TEST_F(NcclTest, WhatRunsInTheBackgroundIsRight) {
  expect_right_in_the_background(*communicator_);
}
TEST_F(NcclTest, PartsOfTheRanksWorkAmongThemselves) {
  expect_right_in_parts(*communicator_, session_);
}
TEST_F(NcclTest, VerifyFindsAWrongElement) {
  expect_wrong_elements_found(*communicator_, session_);
}
TEST_F(NcclTest, SaysHowItRunsAMessage) {
  const auto prepared =
      communicator_->prepare_in_place(Collective::all_reduce, Bytes(1 << 20), DataType::bf16);
  const LibraryChoice choice = communicator_->choice(*prepared);
  EXPECT_EQ(communicator_->verify(*prepared), "");
  if (session_.size() > 1 && session_.rank() == 0) {
    EXPECT_FALSE(choice.algorithm.empty());
    EXPECT_GT(choice.estimate.value(), 0);
  }
}
// A forecast must leave nothing behind that the next message would trip over.
TEST_F(NcclTest, MessagesAfterAForecastAreRight) {
  for (const double size : {1 << 16, 1 << 20}) {
    for (int i = 0; i < kCollectives; ++i) {
      const auto prepared = communicator_->prepare(static_cast<Collective>(i), Bytes(size), DataType::bf16);
      communicator_->choice(*prepared);
      EXPECT_EQ(communicator_->verify(*prepared), "") << i;
    }
  }
}
TEST_F(NcclTest, AMessageLargerThanMemoryIsAnErrorOfAllRanks) {
  EXPECT_THROW(communicator_->prepare(Collective::all_gather, Bytes(1e14), DataType::bf16), CommError);
}

std::string refusal(int device) {
  try {
    make_communicator(test_session(), "cuda", device);
  } catch (const CommError& error) {
    return error.what();
  }
  return "";
}

TEST(NcclDevices, RanksOnOneGpuAreRefusedByName) {
  if (gpus() == 0) GTEST_SKIP() << "no GPU here";
  if (test_session().size() == 1) GTEST_SKIP() << "one rank";
  EXPECT_NE(refusal(0).find("ranks 0 and 1 on "), std::string::npos);
}

// Runs without a GPU too: all ranks get one line instead of a hang.
TEST(NcclDevices, ADeviceThatIsNotThereIsAnErrorOfAllRanks) {
  const std::string text = refusal(1000);
  EXPECT_NE(text.find("cudaSetDevice(device) failed at mpi/nccl/device.cc:"), std::string::npos) << text;
  for (const std::string& other : test_session().all_gather(text)) EXPECT_EQ(other, text);
}

}  // namespace
}  // namespace traincast
