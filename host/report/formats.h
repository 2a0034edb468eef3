// The functions behind the rows of the renderer table, and what they share.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/report/renderer.h"

namespace traincast {

// Aligned columns. Too wide a table first wraps the columns that may be wrapped, then drops columns, those of
// the greatest priority first (of equals the rightmost), and says which.
std::string render_text(const Report& report, const RenderOptions& options);
// GitHub's tables: pipes are escaped, line breaks become spaces.
std::string render_markdown(const Report& report, const RenderOptions& options);
// RFC 4180 of the first table: header of machine keys, one line a row, empty where there is nothing. Values
// that are not finite are empty.
std::string render_csv(const Report& report, const RenderOptions& options);
// {"schema_version", "report", the scalars, one list of objects a table, "notes": [footnotes]}. A number that
// is not finite becomes null, and a note says so.
std::string render_json(const Report& report, const RenderOptions& options);

// Code points of a UTF-8 text: what a terminal shows one cell each of (no wide or combining ones are used).
std::size_t text_width(std::string_view text);
// Lines of at most `width` code points, broken at spaces, and within words only where a word is longer.
std::vector<std::string> wrap_text(std::string_view text, std::size_t width);
// Control characters become spaces, so that a cell stays one line.
std::string single_line(std::string_view text);

}  // namespace traincast
