#include "mpi/launcher.h"

#include <gtest/gtest.h>

#include <map>

namespace traincast {
namespace {

std::optional<Launcher> find(const std::map<std::string, std::string>& variables) {
  return find_launcher([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Launcher, NoneIsFoundInAPlainShellOrABatchScript) {
  EXPECT_FALSE(find({}));
  EXPECT_FALSE(find({{"SLURM_PROCID", "0"}, {"SLURM_JOB_ID", "7"}, {"SLURM_NTASKS", "64"}}));
  EXPECT_FALSE(find({{"SLURM_PROCID", "0"}, {"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}}));
  EXPECT_FALSE(find({{"PMI_RANK", ""}}));
}

TEST(Launcher, EachIsRecognised) {
  const auto open_mpi = find({{"OMPI_COMM_WORLD_RANK", "3"}, {"OMPI_COMM_WORLD_SIZE", "8"}});
  ASSERT_TRUE(open_mpi);
  EXPECT_EQ(open_mpi->rank, 3);
  EXPECT_EQ(open_mpi->size, 8);
  EXPECT_TRUE(open_mpi->several());
  const auto hydra = find({{"PMI_RANK", "0"}, {"PMI_SIZE", "1"}});
  ASSERT_TRUE(hydra);
  EXPECT_FALSE(hydra->several());
  const auto pmix = find({{"PMIX_RANK", "1"}});
  ASSERT_TRUE(pmix);
  EXPECT_EQ(pmix->size, 0);
  EXPECT_TRUE(pmix->several()) << "a second rank exists, however many there are";
  const auto slurm = find({{"SLURM_PROCID", "5"}, {"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "16"}});
  ASSERT_TRUE(slurm);
  EXPECT_EQ(slurm->size, 16);
}

TEST(Launcher, MpirunInsideASlurmStepCounts) {
  const auto inner = find({{"OMPI_COMM_WORLD_RANK", "0"},
                           {"OMPI_COMM_WORLD_SIZE", "1"},
                           {"SLURM_PROCID", "0"},
                           {"SLURM_STEP_ID", "0"},
                           {"SLURM_STEP_NUM_TASKS", "4"}});
  ASSERT_TRUE(inner);
  EXPECT_FALSE(inner->several());
}

}  // namespace
}  // namespace traincast
