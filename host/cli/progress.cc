#include "host/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace traincast {
namespace {

constexpr int kUsualWidth = 80;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int error_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualWidth;
}

void write_error(std::string_view bytes) {
  std::fwrite(bytes.data(), 1, bytes.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

ProgressStyle progress_style(const Arguments& arguments) {
  if (!arguments.speaks() || arguments.flag("quiet")) return ProgressStyle::silent;
  const char* terminal = std::getenv("TERM");
  const bool plain = terminal == nullptr || std::string_view(terminal) == "dumb";
  return isatty(STDERR_FILENO) == 1 && !plain ? ProgressStyle::bar : ProgressStyle::lines;
}

CommandProgress::CommandProgress(const Arguments& arguments)
    : start_(steady_seconds()), output_(progress_style(arguments), error_width(), write_error) {}

Seconds CommandProgress::now() const {
  return Seconds(steady_seconds() - start_);
}

}  // namespace traincast
