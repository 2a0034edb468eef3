#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "host/base/file.h"
#include "tests/unit/layers/rules.h"

namespace traincast {
namespace {

TEST(Layers, EverySourceKeepsTheDirectionOfDependencies) {
  const std::filesystem::path root = TRAINCAST_TEST_SOURCE;
  const std::set<std::string> extensions = {".h", ".cc", ".cu", ".cuh"};
  int files = 0;
  for (const std::string top : {"host", "kernels", "mpi"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top)) {
      if (!entry.is_regular_file() || extensions.count(entry.path().extension().string()) == 0) continue;
      ++files;
      const std::string path = std::filesystem::relative(entry.path(), root).generic_string();
      for (const std::string& broken : broken_rules(path, read_file(entry.path()))) ADD_FAILURE() << broken;
    }
  }
  EXPECT_GT(files, 50);  // an empty folder would pass everything
}

TEST(Layers, AcceptsWhatIsBelow) {
  EXPECT_TRUE(broken_rules("host/model/x.cc", "#include \"host/base/units.h\"\n#include <vector>\n").empty());
  EXPECT_TRUE(broken_rules("mpi/nccl/x.cc", "#include <nccl.h>\n#include \"kernels/backend.h\"\n").empty());
  EXPECT_TRUE(broken_rules("host/cli/options.cc", "#include <cxxopts.hpp>\n").empty());
  EXPECT_TRUE(broken_rules("kernels/registry.cc", "#ifdef TRAINCAST_HAVE_CUDA\n").empty());
  EXPECT_TRUE(broken_rules("host/config/x.cc", "#include <nlohmann/json.hpp>\n").empty());
}

TEST(Layers, RefusesWhatIsNot) {
  struct Case {
    std::string path, text;
  };
  const Case cases[] = {
      {"host/base/x.h", "#include \"host/model/gpu.h\"\n"},
      {"host/model/x.cc", "#include \"kernels/backend.h\"\n"},
      {"host/model/x.cc", "#include \"host/config/json.h\"\n"},
      {"host/model/x.cc", "  #  include <chrono>\n"},
      {"host/model/x.cc", "#include <thread>\n"},
      {"host/config/x.h", "#include <nlohmann/json_fwd.hpp>\n"},
      {"host/search/x.cc", "#include \"mpi/session.h\"\n"},
      {"host/measure/x.cc", "#include \"host/report/renderer.h\"\n"},
      {"host/cli/help.cc", "#include <cxxopts.hpp>\n"},
      {"host/measure/x.cc", "#include <mpi.h>\n"},
      {"host/measure/x.cc", "#include <cuda_runtime.h>\n"},
      {"kernels/cpu/x.cc", "#include \"mpi/session.h\"\n"},
      {"kernels/cuda/x.cc", "#if defined(TRAINCAST_HAVE_CUDA)\n"},
      {"host/cli/x.cc", "#include \"x.h\"\n"},
      {"host/measure/x.cc", "const auto start = std::chrono::system_clock::now();\n"},
      {"host/cli/x.cc", "const std::time_t now = std::time(nullptr);\n"},
      {"host/new/x.cc", "\n"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(broken_rules(each.path, each.text).size(), 1U) << each.path << ": " << each.text;
  }
}

}  // namespace
}  // namespace traincast
