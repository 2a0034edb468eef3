// Output of nccl-tests (text, and the JSON of its -J) and of the OSU micro-benchmarks as collective points.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/config/profile.h"

namespace traincast {

struct BandwidthTest {
  std::string device;                 // as printed ("NVIDIA H100 80GB HBM3"); "" where the file does not say
  std::string when;                   // likewise
  std::string nccl_version;           // likewise, "2.28.3"
  std::string communicator = "nccl";  // or "mpi"
  std::vector<std::string> hosts;     // by rank; empty where the file does not say
  std::vector<CollectiveRow> rows;    // out of place where both were timed
};

struct BandwidthTestFacts {
  std::string collective;  // where the file does not name it; "" for none
  int ranks = 0;           // likewise; 0 for none
  int nodes = 0;           // likewise
};

// A text with the usual table, or JSON. Rows that nccl-tests found wrong are refused. Throws ConfigError of
// one line that names the file, the line, and what is accepted.
BandwidthTest import_nccl_tests(std::string_view text, const std::string& file,
                                const BandwidthTestFacts& facts);

// osu_allreduce, osu_allgather, osu_reduce_scatter, osu_alltoall and their NCCL variants. OSU prints the
// bytes that a rank gives for all-gather and all-to-all; they become nccl-tests' sizes.
BandwidthTest import_osu(std::string_view text, const std::string& file, const BandwidthTestFacts& facts);

// Adds rows to a profile; a point that is there already (collective, message, type, ranks, nodes) is
// replaced. Throws ConfigError where the profile describes another GPU.
void merge_points(Profile& profile, const std::string& gpu, const std::vector<CollectiveRow>& rows);

}  // namespace traincast
