#include "host/base/progress.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace traincast {
namespace {

constexpr std::size_t kCells = 20;
constexpr Seconds kBetweenBars{0.1};
constexpr Seconds kBetweenLines{2};
constexpr std::string_view kErase = "\r\x1b[K";  // to the start of the line, and away with what is there

std::optional<std::size_t> count(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The first `width` code points.
std::string cut(const std::string& text, int width) {
  int used = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
    if (used++ == std::max(width, 0)) return text.substr(0, i);
  }
  return text;
}

std::string per_second(double rate) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.3g /s", rate);
  return text.data();
}

}  // namespace

std::optional<std::string> progress_bar(std::string_view line, int width) {
  const std::size_t slash = line.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::size_t space = line.rfind(' ', slash);
  if (space == std::string_view::npos) return std::nullopt;
  const std::size_t end = std::min(line.find(' ', slash), line.size());
  const auto done = count(line.substr(space + 1, slash - space - 1));
  const auto total = count(line.substr(slash + 1, end - slash - 1));
  if (!done || !total || *total == 0 || *done > *total) return std::nullopt;
  const std::size_t full = kCells * *done / *total;
  std::string bar(line.substr(0, space));
  bar.append(" [").append(full, '#').append(kCells - full, '.').append("]").append(line.substr(space));
  return cut(bar, width);
}

void ProgressOutput::update(std::string_view text) {
  if (style_ == ProgressStyle::silent) return;
  const auto bar = style_ == ProgressStyle::bar ? progress_bar(text, width_ - 1) : std::nullopt;
  if (!bar) {
    line(text);
    return;
  }
  write_(std::string(kErase) + *bar);
  bar_ = true;
}

void ProgressOutput::line(std::string_view text) {
  if (style_ == ProgressStyle::silent) return;
  clear();
  write_(std::string(text) + "\n");
}

void ProgressOutput::show(std::string_view text) {
  if (progress_bar(text, width_)) {
    update(text);
  } else {
    line(text);
  }
}

void ProgressOutput::clear() {
  if (!bar_) return;
  write_(kErase);
  bar_ = false;
}

ProgressMeter::ProgressMeter(std::string label, std::size_t total, Seconds start, ProgressOutput& output)
    : label_(std::move(label)), total_(total), start_(start), shown_(start), output_(output) {}

void ProgressMeter::update(Seconds now, std::size_t done, std::string_view what) {
  done_ = done;
  const Seconds pause = output_.style() == ProgressStyle::bar ? kBetweenBars : kBetweenLines;
  if (done_ == 0 || now - shown_ < pause) return;
  shown_ = now;
  any_ = true;
  const Seconds elapsed = now - start_;
  const double left = static_cast<double>(total_ - std::min(done_, total_)) / static_cast<double>(done_);
  std::string text = label_ + " " + std::to_string(done_) + "/" + std::to_string(total_) + "  " +
                     per_second(static_cast<double>(done_) / elapsed.value()) + "  about " +
                     to_string(elapsed * left) + " left";
  if (!what.empty()) text.append("  ").append(what);
  output_.update(text);
}

void ProgressMeter::finish(Seconds now) {
  output_.clear();
  if (!any_) return;
  const Seconds elapsed = now - start_;
  output_.line(label_ + ": " + std::to_string(done_) + " in " + to_string(elapsed) + ", " +
               per_second(static_cast<double>(done_) / elapsed.value()));
}

}  // namespace traincast
