#include <algorithm>

#include "host/report/formats.h"

namespace traincast {
namespace {

bool starts_code_point(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

// Bytes of the first `count` code points.
std::size_t prefix_bytes(std::string_view text, std::size_t count) {
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (starts_code_point(text[i]) && count-- == 0) break;
  }
  return i;
}

}  // namespace

std::size_t text_width(std::string_view text) {
  std::size_t width = 0;
  for (const char byte : text) width += starts_code_point(byte) ? 1 : 0;
  return width;
}

std::vector<std::string> wrap_text(std::string_view text, std::size_t width) {
  if (text_width(text) <= width) return {std::string(text)};  // keeps an indentation
  std::vector<std::string> lines(1);
  const auto place = [&](std::string_view word) {
    if (!lines.back().empty()) {
      if (text_width(lines.back()) + 1 + text_width(word) <= width) {
        lines.back().append(" ").append(word);
        return;
      }
      lines.emplace_back();
    }
    while (width > 0 && text_width(word) > width) {
      const std::size_t bytes = prefix_bytes(word, width);
      lines.back() = word.substr(0, bytes);
      lines.emplace_back();
      word.remove_prefix(bytes);
    }
    lines.back() = word;
  };
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) place(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string single_line(std::string_view text) {
  std::string line(text);
  for (char& byte : line) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x20 || code == 0x7F) byte = ' ';
  }
  return line;
}

}  // namespace traincast
