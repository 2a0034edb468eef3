// How commands talk: results to the standard output or --out, remarks to the standard error.
#pragma once

#include <string>
#include <string_view>

#include "host/base/table.h"
#include "host/cli/arguments.h"
#include "host/config/find.h"

namespace traincast {

// Renders as --format says and writes to --out (whole or not at all) or the standard output. With several
// ranks only rank 0 writes.
void emit(const Arguments& arguments, const Report& report);
// The same for bytes that are already rendered.
void emit_bytes(const Arguments& arguments, std::string_view bytes);

// Renders as --format says to the standard output of rank 0, for commands whose --out is another file.
void print_report(const Arguments& arguments, const Report& report);

// One line on the standard error of rank 0, unless --quiet.
void notice(const Arguments& arguments, std::string_view line);

// The configs that --configs, TRAINCAST_CONFIGS or the place of the program name.
ConfigStore open_configs(const Arguments& arguments);

// --backend where typed, else TRAINCAST_BACKEND, else "auto". Throws UsageError for another name.
std::string backend_choice(const Arguments& arguments);

// --width where typed, else for a file kDefaultWidth, else COLUMNS where it is exported, the columns of the
// terminal at the standard output, or kDefaultWidth.
int page_width(const Arguments& arguments);

}  // namespace traincast
