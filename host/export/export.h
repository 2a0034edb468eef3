// A run as the input files of other simulators, so that one can hold their figures against ours.
#pragma once

#include <string>
#include <vector>

#include "host/model/run.h"
#include "host/model/system.h"

namespace traincast {

struct ExportedFile {
  std::string name;  // in the folder that the user names
  std::string text;
};
struct Export {
  std::vector<ExportedFile> files;
  std::vector<std::string> notes;  // what the other program does not express, or expresses otherwise
};

// The three files of Calculon (github.com/calculon-ai/calculon, `calculon llm APPLICATION EXECUTION SYSTEM`),
// as its readers at revision caa4b11 take them. Kernels and links are ours at the sizes of this run, in the
// form of its efficiency tables. Throws ConfigError of one line for what it cannot express: mixtures of
// experts, latent attention, sliding windows, context parallelism, ZeRO 3, 8-bit training, zero-bubble
// schedules.
Export export_calculon(const Run& run, const System& system);

// ASTRA-sim 2 (github.com/astra-sim/astra-sim, run at revision 2a2979a): network of the analytical backend,
// system and memory; and one pipeline stage's micro-batches as the text workload of ASTRA-sim 1, which
// Chakra's text converter (revision 214f2c5) makes into the execution traces that version 2 reads. Throws
// ConfigError as above: mixtures of experts, context parallelism, ZeRO 3.
Export export_astra_sim(const Run& run, const System& system);

}  // namespace traincast
