#include "host/import/bandwidth_tests.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "host/base/errors.h"
#include "host/import/nccl_tests.h"
#include "host/import/points.h"
#include "host/import/test_lines.h"

namespace traincast {

std::optional<Collective> nccl_tests_collective(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, Collective>, 10> kPrograms = {{
      {"all_reduce_perf", Collective::all_reduce},
      {"all_gather_perf", Collective::all_gather},
      {"reduce_scatter_perf", Collective::reduce_scatter},
      {"alltoall_perf", Collective::all_to_all},
      {"sendrecv_perf", Collective::send_recv},
      {"AllReduce", Collective::all_reduce},
      {"AllGather", Collective::all_gather},
      {"ReduceScatter", Collective::reduce_scatter},
      {"AlltoAll", Collective::all_to_all},
      {"SendRecv", Collective::send_recv},
  }};
  if (const std::size_t slash = text.rfind('/'); slash != std::string_view::npos)
    text.remove_prefix(slash + 1);
  for (const auto& [name, collective] : kPrograms) {
    if (text == name) return collective;
  }
  return std::nullopt;
}

DataType nccl_tests_type(std::string_view text) {
  if (text == "half") return DataType::fp16;
  if (text == "bfloat16") return DataType::bf16;
  if (text.starts_with("f8e4m3") || text.starts_with("fp8") || text.starts_with("float8"))
    return DataType::fp8_e4m3;
  return DataType::fp32;
}

std::string nccl_version_text(std::string_view code) {
  const std::optional<std::int64_t> number = whole_number(code);
  if (!number || *number < 10000) return std::string(code);
  return std::to_string(*number / 10000) + "." + std::to_string(*number / 100 % 100) + "." +
         std::to_string(*number % 100);
}

void add_nccl_row(BandwidthTest& out, std::size_t first_of_run, CollectiveRow row, const std::string& where) {
  const auto begin = out.rows.begin() + static_cast<std::ptrdiff_t>(first_of_run);
  const bool again = std::any_of(begin, out.rows.end(), [&](const CollectiveRow& old) {
    return old.collective == row.collective && old.message == row.message && old.dtype == row.dtype;
  });
  if (!again) add_point(out, std::move(row), where);
}

void finish_nccl_run(BandwidthTest& out, std::size_t first, const NcclTestsRun& run, const std::string& file,
                     const BandwidthTestFacts& facts) {
  const std::set<std::string> hosts(run.hosts.begin(), run.hosts.end());
  const int nodes = hosts.empty() ? std::max(1, facts.nodes) : static_cast<int>(hosts.size());
  set_ranks(out, first, file, run.ranks > 0 ? run.ranks : facts.ranks, nodes);
  if (out.rows.empty()) {
    throw ConfigError(
        file + ": holds no result of nccl-tests; accepted: the text that it prints or the JSON of its -J");
  }
}

void merge_points(Profile& profile, const std::string& gpu, const std::vector<CollectiveRow>& rows) {
  if (!profile.gpu.empty() && !gpu.empty() && profile.gpu != gpu) {
    throw ConfigError("profile " + profile.name + " describes " + profile.gpu + ", the points are of " + gpu +
                      "; accepted: one GPU a profile");
  }
  for (const CollectiveRow& row : rows) {
    const auto twin =
        std::find_if(profile.collectives.begin(), profile.collectives.end(), [&](const CollectiveRow& old) {
          return old.during.empty() && old.collective == row.collective && old.message == row.message &&
                 old.dtype == row.dtype && old.ranks == row.ranks && old.nodes == row.nodes;
        });
    if (twin == profile.collectives.end()) {
      profile.collectives.push_back(row);
    } else {
      *twin = row;
    }
  }
  if (profile.gpu.empty()) profile.gpu = gpu;
}

}  // namespace traincast
