// How far long work is: a bar with rate and time left on a terminal, plain lines elsewhere, or nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/units.h"

namespace traincast {

enum class ProgressStyle { silent, lines, bar };

// Where progress goes. Remembers whether a bar stands on the last line of the terminal; several meters may
// share one, one after another.
class ProgressOutput {
 public:
  // `write` gets bytes as they are; `width` is the terminal's.
  ProgressOutput(ProgressStyle style, int width, std::function<void(std::string_view)> write)
      : style_(style), width_(width), write_(std::move(write)) {}
  ProgressOutput(const ProgressOutput&) = delete;
  ProgressOutput& operator=(const ProgressOutput&) = delete;
  ~ProgressOutput() { clear(); }

  ProgressStyle style() const { return style_; }
  // "gemm 120/216  what follows": a bar in place of the last one, or a line.
  void update(std::string_view line);
  // A line that stays, above any bar.
  void line(std::string_view line);
  // For those who have lines alone, of both kinds: update() where it begins as one, else line().
  void show(std::string_view line);
  void clear();  // takes the bar away

 private:
  ProgressStyle style_;
  int width_;
  std::function<void(std::string_view)> write_;
  bool bar_ = false;
};

// Counts the points of one piece of work. The caller has the clock (any steady one), so that this has none.
class ProgressMeter {
 public:
  // `total` of at least 1; `start` is now.
  ProgressMeter(std::string label, std::size_t total, Seconds start, ProgressOutput& output);

  // `done` points so far: "search 120/216  41.2 /s  about 2 s left  what". Not more often than people read.
  void update(Seconds now, std::size_t done, std::string_view what = "");
  // "search: 216 in 5.20 s, 41.5 /s", where anything was shown before: short work stays quiet.
  void finish(Seconds now);

 private:
  std::string label_;
  std::size_t total_, done_ = 0;
  Seconds start_, shown_;
  bool any_ = false;
  ProgressOutput& output_;
};

// "gemm 120/216  rest" with a bar after the label, cut to `width` code points; none where the line does not
// begin that way, or 120 is above 216.
std::optional<std::string> progress_bar(std::string_view line, int width);

}  // namespace traincast
