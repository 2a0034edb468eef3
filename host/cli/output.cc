#include "host/cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/cli/command.h"
#include "host/config/near.h"
#include "host/report/renderer.h"

namespace traincast {
namespace {

void print(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size() || std::fflush(stdout) != 0) {
    throw std::runtime_error("cannot write the standard output: " + std::string(std::strerror(errno)));
  }
}

constexpr int kLeastWidth = 20;
constexpr int kMostWidth = 10'000;

// A shell exports COLUMNS only where somebody asked for it, so it counts in a pipe, too.
int terminal_width() {
  if (const char* text = std::getenv("COLUMNS"); text != nullptr) {
    int columns = 0;
    const char* end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, columns);
    if (error == std::errc() && stop == end && columns >= kLeastWidth && columns <= kMostWidth)
      return columns;
  }
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0) return kDefaultWidth;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < kLeastWidth) return kDefaultWidth;
  return size.ws_col;
}

int width_of(const Arguments& arguments, bool to_file) {
  if (arguments.given("width")) return static_cast<int>(arguments.count("width", kLeastWidth, kMostWidth));
  return to_file ? kDefaultWidth : terminal_width();
}

}  // namespace

void emit(const Arguments& arguments, const Report& report) {
  emit_bytes(arguments, render(report, arguments.text("format"), {.width = page_width(arguments)}));
}

void emit_bytes(const Arguments& arguments, std::string_view bytes) {
  if (!arguments.speaks()) return;
  if (arguments.given("out")) {
    write_file_atomically(arguments.text("out"), bytes);
    return;
  }
  print(bytes);
}

void print_report(const Arguments& arguments, const Report& report) {
  if (!arguments.speaks()) return;
  print(render(report, arguments.text("format"), {.width = width_of(arguments, false)}));
}

void notice(const Arguments& arguments, std::string_view line) {
  if (!arguments.speaks() || arguments.flag("quiet")) return;
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

ConfigStore open_configs(const Arguments& arguments) {
  return find_configs(arguments.text("configs"));
}

std::string backend_choice(const Arguments& arguments) {
  const char* variable = std::getenv("TRAINCAST_BACKEND");
  if (arguments.given("backend") || variable == nullptr || *variable == '\0')
    return arguments.text("backend");
  const auto& options = global_options();
  const auto spec = std::find_if(options.begin(), options.end(),
                                 [](const OptionSpec& option) { return option.name == "backend"; });
  const std::vector<std::string> accepted(spec->choices.begin(), spec->choices.end());
  if (std::find(accepted.begin(), accepted.end(), variable) == accepted.end()) {
    throw UsageError("the variable TRAINCAST_BACKEND is \"" + std::string(variable) +
                     "\"; accepted: " + join(accepted, " "));
  }
  return variable;
}

int page_width(const Arguments& arguments) {
  return width_of(arguments, arguments.given("out"));
}

}  // namespace traincast
