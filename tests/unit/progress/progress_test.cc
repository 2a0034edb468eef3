#include "host/base/progress.h"

#include <gtest/gtest.h>

namespace traincast {
namespace {

struct Screen {
  explicit Screen(ProgressStyle style, int width = 80)
      : output(style, width, [this](std::string_view bytes) { text += bytes; }) {}
  std::string text;
  ProgressOutput output;
};

TEST(ProgressBar, DrawsShares) {
  EXPECT_EQ(progress_bar("gemm 5/20  fast", 80), "gemm [#####...............] 5/20  fast");
  EXPECT_EQ(progress_bar("gemm 0/3", 80), "gemm [....................] 0/3");
  EXPECT_EQ(progress_bar("gemm 3/3", 80), "gemm [####################] 3/3");
  EXPECT_EQ(progress_bar("two words 1/2 x", 80), "two words [##########..........] 1/2 x");
  EXPECT_EQ(progress_bar("m\u00e9 1/2  rest", 10), "m\u00e9 [######");
}

TEST(ProgressBar, OtherLinesAreNone) {
  for (const char* line :
       {"", "gemm: 5 of 20 measured", "a/b", "x 4/3", "x 1/0", "1/2", "at 3 GFLOP/s", "x -1/2"}) {
    EXPECT_FALSE(progress_bar(line, 80)) << line;
  }
}

TEST(ProgressMeter, OnATerminalOneBarIsRedrawnAndGoes) {
  Screen screen(ProgressStyle::bar);
  ProgressMeter meter("rows", 100, Seconds(10), screen.output);
  meter.update(Seconds(10.05), 1);  // sooner than people read
  EXPECT_EQ(screen.text, "");
  meter.update(Seconds(12), 50, "last");
  EXPECT_EQ(screen.text, "\r\x1b[Krows [##########..........] 50/100  25 /s  about 2.00 s left  last");
  screen.text.clear();
  meter.update(Seconds(14), 100);
  meter.finish(Seconds(14));
  EXPECT_TRUE(screen.text.ends_with("\r\x1b[Krows: 100 in 4.00 s, 25 /s\n")) << screen.text;
}

TEST(ProgressMeter, ElsewhereLinesEveryTwoSeconds) {
  Screen screen(ProgressStyle::lines);
  ProgressMeter meter("rows", 10, Seconds(0), screen.output);
  for (int i = 1; i <= 10; ++i) meter.update(Seconds(i * 0.5), static_cast<std::size_t>(i));
  meter.finish(Seconds(5));
  EXPECT_EQ(
      screen.text,
      "rows 4/10  2 /s  about 3.00 s left\nrows 8/10  2 /s  about 1.00 s left\nrows: 10 in 5.00 s, 2 /s\n");
}

TEST(ProgressMeter, ShortWorkAndQuietWorkSayNothing) {
  Screen fast(ProgressStyle::lines);
  ProgressMeter meter("rows", 2, Seconds(0), fast.output);
  meter.update(Seconds(0.5), 1);
  meter.update(Seconds(1), 2);
  meter.finish(Seconds(1));
  EXPECT_EQ(fast.text, "");
  Screen quiet(ProgressStyle::silent);
  ProgressMeter slow("rows", 2, Seconds(0), quiet.output);
  slow.update(Seconds(50), 1);
  slow.finish(Seconds(100));
  EXPECT_EQ(quiet.text, "");
}

TEST(ProgressOutput, LinesStandAboveTheBar) {
  Screen screen(ProgressStyle::bar, 30);
  screen.output.show("gemm 1/2  more than fits in thirty columns");
  EXPECT_EQ(screen.text, "\r\x1b[Kgemm [##########..........] 1");
  screen.text.clear();
  screen.output.show("gemm: done");
  EXPECT_EQ(screen.text, "\r\x1b[Kgemm: done\n");
  screen.text.clear();
  screen.output.clear();
  EXPECT_EQ(screen.text, "");
}

}  // namespace
}  // namespace traincast
