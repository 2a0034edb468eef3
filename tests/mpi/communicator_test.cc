#include "mpi/communicator.h"

#include <gtest/gtest.h>

#include <string>

#include "host/base/errors.h"
#include "tests/mpi/fabric_checks.h"
#include "tests/mpi/main.h"

namespace traincast {
namespace {

class CommunicatorTest : public testing::Test {
 protected:
  Session& session_ = test_session();
  std::unique_ptr<Communicator> communicator_ = make_communicator(session_, "cpu", 0);
};

TEST_F(CommunicatorTest, IsTheOneForTheRanks) {
  EXPECT_EQ(communicator_->name(), session_.size() > 1 ? "mpi" : "local");
  EXPECT_EQ(communicator_->libraries().empty(), session_.size() == 1);
  const std::string why = communicator_->why_unsupported(Collective::send_recv);
  EXPECT_EQ(why.empty(), session_.size() > 1) << why;
}
TEST_F(CommunicatorTest, EveryCollectiveIsRightAtAllSizes) {
  expect_right_at_all_sizes(*communicator_, session_);
}
TEST_F(CommunicatorTest, TimesAreAgreed) {
  expect_agreed_times(*communicator_, session_);
}
TEST_F(CommunicatorTest, WhatRunsInTheBackgroundIsRight) {
  expect_right_in_the_background(*communicator_);
}
TEST_F(CommunicatorTest, PartsOfTheRanksWorkAmongThemselves) {
  expect_right_in_parts(*communicator_, session_);
}
TEST_F(CommunicatorTest, VerifyFindsAWrongElement) {
  expect_wrong_elements_found(*communicator_, session_);
}

std::string refusal(Communicator& communicator, Collective collective, Bytes message, DataType dtype) {
  try {
    communicator.prepare(collective, message, dtype);
  } catch (const CommError& error) {
    return error.what();
  }
  return "";
}

TEST_F(CommunicatorTest, AllRanksRefuseAlikeWhatCannotRun) {
  const auto check = [&](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
    for (const std::string& other : session_.all_gather(text)) EXPECT_EQ(other, text);
  };
  check(refusal(*communicator_, Collective::all_reduce, Bytes(64), DataType::fp4), "no library adds FP4");
  check(refusal(*communicator_, Collective::all_gather, Bytes(-5), DataType::bf16), "accepted: 0 to 1 PB");
  if (session_.size() == 1) {
    check(refusal(*communicator_, Collective::send_recv, Bytes(64), DataType::bf16), "needs two ranks");
  } else {
    check(refusal(*communicator_, Collective::all_reduce, Bytes(1e12), DataType::fp8_e4m3), "MPI counts to");
  }
}

TEST_F(CommunicatorTest, AMessageLargerThanMemoryIsAnErrorOfAllRanks) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer ends the program for so large an allocation";
#endif
  // More than the address space; for many ranks MPI's counts end earlier.
  const std::string text = refusal(*communicator_, Collective::all_gather, Bytes(1e15), DataType::fp32);
  const std::string part = session_.size() == 1 ? "does not fit in memory" : "MPI counts to";
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

}  // namespace
}  // namespace traincast
