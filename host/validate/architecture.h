// A row's model, where its columns leave out what the model needs. Internal to the readers of published runs.
#pragma once

#include <vector>

#include "host/validate/published_row.h"

namespace traincast {

// Layers, widths and vocabulary from the columns; where layers, hidden or heads are not published, from the
// shipped model of that name, else from the number of parameters (params_total_B, or "70B" in the name): a
// width of 100 times the depth, heads of 128. A reason where neither is known.
void read_architecture(Row& row, PublishedRun& run, const std::vector<Transformer>& known);

// 70e9 of "Llama3-70B", 236e9 of "Qwen3-235B-A22B"; 0 where the name says no size ("8x7B" is none).
double parameters_in_name(const std::string& name);

}  // namespace traincast
