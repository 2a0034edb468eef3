// Reports become bytes here and nowhere else. The same report gives the same bytes on every machine.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "host/base/table.h"

namespace traincast {

inline constexpr int kReportSchemaVersion = 1;  // of the JSON output
inline constexpr int kDefaultWidth = 120;       // where no terminal tells

struct RenderOptions {
  int width = kDefaultWidth;  // code points in a line of text output
};

struct Renderer {
  std::string_view name;  // as --format takes it
  std::string_view summary;
  std::string (*render)(const Report&, const RenderOptions&);
};

// text, md, csv, json.
std::span<const Renderer> renderers();
// Throws UsageError that lists the names.
const Renderer& find_renderer(std::string_view name);

// Throws std::logic_error where a row is not as long as its columns or a key is not unique: a mistake of the
// report. Called by find_renderer's users through render().
void check_shape(const Report& report);

// The report in that format, checked; ends in a line break.
std::string render(const Report& report, std::string_view format, const RenderOptions& options = {});

}  // namespace traincast
