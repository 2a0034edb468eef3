// What the text and the JSON of nccl-tests have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/import/bandwidth_tests.h"

namespace traincast {

// Of a program ("/opt/all_reduce_perf") or of an experiment ("AllReduce"); none for broadcasts and the like.
std::optional<Collective> nccl_tests_collective(std::string_view text);

// "bfloat16"; what has no counterpart here counts as fp32.
DataType nccl_tests_type(std::string_view text);

// "22803" as "2.28.3"
std::string nccl_version_text(std::string_view code);

// One run of a program: the ranks of one communicator and their hosts.
struct NcclTestsRun {
  std::vector<std::string> hosts;
  int ranks = 0;  // 0: the file does not list them
  std::optional<Collective> collective;
  std::string program;  // as the file names it
};

// Appends a timed point; the first of a size and type counts (a run may repeat them, with other operators).
void add_nccl_row(BandwidthTest& out, std::size_t first_of_run, CollectiveRow row, const std::string& where);

// Gives rows from `first` on their ranks and nodes. Throws ConfigError where the run has fewer than 2 ranks.
void finish_nccl_run(BandwidthTest& out, std::size_t first, const NcclTestsRun& run, const std::string& file,
                     const BandwidthTestFacts& facts);

BandwidthTest import_nccl_tests_json(std::string_view text, const std::string& file,
                                     const BandwidthTestFacts& facts);

}  // namespace traincast
