// A run in parts: what each part trains on by date, whether it fits, and what comes of it.
#pragma once

#include <span>
#include <vector>

#include "host/calibrate/system.h"
#include "host/model/forecast.h"

namespace traincast {

// A phase for each date and piece, as run_phases takes them; each part by its own plan and stack.
std::vector<RunPhase> phases_of_parts(const Run& run, Calibrator& calibrator);

// At the largest batch of the part.
MemoryEstimate part_memory(const Run& run, const RunPart& part);

// Throws InfeasiblePlan that names the part.
void require_parts_fit(const Run& run, const Gpu& smallest);

// Of phases that run_phases has filled in; empty where the run has no parts.
std::vector<PartForecast> part_forecasts(const Run& run, std::span<const RunPhase> phases);

}  // namespace traincast
