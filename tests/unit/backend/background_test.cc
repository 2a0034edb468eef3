// Background loads in a thread: what their loops promise, whatever the backend.
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "kernels/background_thread.h"

namespace traincast {
namespace {

TEST(BackgroundThread, CountsUntilStoppedAndAnswersTwice) {
  auto load = run_in_thread([](LoadResult& result, const std::atomic<bool>& stopping, const auto& begun) {
    result.executions = 1;
    begun();
    while (!stopping) std::this_thread::yield();
    result.elapsed = Seconds(2);
    ++result.executions;
  });
  EXPECT_EQ(load->stop().executions, 2);
  EXPECT_EQ(load->stop().elapsed, Seconds(2));
}

// Before it has begun, too: whoever makes the load is not kept waiting.
TEST(BackgroundThread, AnErrorIsThrownByStop) {
  for (const bool late : {false, true}) {
    auto load = run_in_thread([late](LoadResult&, const std::atomic<bool>&, const auto& begun) {
      if (late) begun();
      throw std::runtime_error("the device is lost");
    });
    EXPECT_THROW(load->stop(), std::runtime_error);
    EXPECT_THROW(load->stop(), std::runtime_error);
  }
}

TEST(BackgroundThread, EndsWithItsOwnerAndMayNeverSayThatItBegan) {
  bool ended = false;
  run_in_thread([&](LoadResult&, const std::atomic<bool>&, const auto&) { ended = true; }).reset();
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace traincast
