#include "mpi/launcher.h"

#include <array>
#include <charconv>
#include <string_view>

namespace traincast {
namespace {

struct Row {
  const char* rank;
  const char* size;
};
// Innermost first: mpirun inside a Slurm step sees the variables of both.
constexpr std::array<Row, 4> kRows{{
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},  // Open MPI's mpirun
    {"MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"},    // MVAPICH's mpirun_rsh
    {"PMI_RANK", "PMI_SIZE"},                          // Hydra (MPICH, Intel MPI), Slurm with PMI-1 or PMI-2
    {"PMIX_RANK", "SLURM_STEP_NUM_TASKS"},             // PRRTE, Slurm with PMIx
}};

std::optional<int> number(const char* text) {
  if (text == nullptr) return std::nullopt;
  const std::string_view view(text);
  int value = 0;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc() || end != view.data() + view.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Launcher> find_launcher(const Environment& environment) {
  for (const Row& row : kRows) {
    const auto rank = number(environment(row.rank));
    if (rank) return Launcher{row.rank, *rank, number(environment(row.size)).value_or(0)};
  }
  // A Slurm step with no process-management interface. A batch script and `srun --pty bash` have these
  // variables too, but one task only.
  const auto tasks = number(environment("SLURM_STEP_NUM_TASKS")).value_or(0);
  const auto task = number(environment("SLURM_PROCID"));
  if (task && tasks > 1 && environment("SLURM_STEP_ID") != nullptr) {
    return Launcher{"SLURM_PROCID", *task, tasks};
  }
  return std::nullopt;
}

}  // namespace traincast
