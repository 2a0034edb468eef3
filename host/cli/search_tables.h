// Pieces that the reports of one search and of a scaling curve share. Internal to search_report.cc and
// search_scaling.cc.
#pragma once

#include <string>
#include <vector>

#include "host/base/table.h"
#include "host/cli/search_report.h"
#include "host/search/answer.h"

namespace traincast {

std::string plan_cell(const PricedPlan& plan);
struct FrontRow {
  RankedPlan plan;
  Bytes headroom;  // memory left
};
// `most`: rows, spread evenly, the first and the last among them.
Table front_table(const std::vector<FrontRow>& front, bool several_gpus, std::size_t most);
void add_speed(std::vector<Scalar>& scalars, const SearchCounts& counts, const SearchSpeed& speed);

}  // namespace traincast
