#include "tests/unit/layers/rules.h"

#include <algorithm>
#include <array>
#include <regex>
#include <sstream>

namespace traincast {
namespace {

struct Layer {
  std::string_view folder;
  std::vector<std::string_view> below;  // layers that it may include, besides itself
};

const std::vector<Layer>& layers() {
  static const std::vector<Layer> kLayers = {
      {"host/base", {}},
      {"kernels", {"host/base"}},
      {"mpi", {"kernels", "host/base"}},
      {"host/model", {"host/base"}},
      {"host/config", {"host/model", "host/base"}},
      {"host/calibrate", {"host/config", "host/model", "host/base"}},
      {"host/risk", {"host/calibrate", "host/report", "host/config", "host/model", "host/base"}},
      {"host/search", {"host/calibrate", "host/config", "host/model", "host/base"}},
      {"host/import", {"host/config", "host/model", "host/base"}},
      {"host/export", {"host/calibrate", "host/config", "host/model", "host/base"}},
      {"host/claims",
       {"host/risk", "host/calibrate", "host/report", "host/config", "host/model", "host/base"}},
      {"host/validate", {"host/calibrate", "host/report", "host/config", "host/model", "host/base"}},
      {"host/report", {"host/config", "host/model", "host/base"}},
      {"host/measure", {"kernels", "mpi", "host/config", "host/model", "host/base"}},
      {"host/check",
       {"host/measure", "kernels", "mpi", "host/calibrate", "host/report", "host/config", "host/model",
        "host/base"}},
      {"host/cli",
       {"kernels", "mpi", "host/base", "host/model", "host/config", "host/calibrate", "host/search",
        "host/validate", "host/report", "host/measure", "host/risk", "host/import", "host/export",
        "host/claims", "host/check"}},
  };
  return kLayers;
}

bool within(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

const Layer* layer_of(std::string_view path) {
  for (const Layer& layer : layers()) {
    if (within(path, layer.folder)) return &layer;
  }
  return nullptr;
}

// An include (as written between its marks, up to a prefix) that only some places may have.
struct Reserved {
  std::string_view prefix;
  std::vector<std::string_view> places;  // a file, or a folder
};
const std::vector<Reserved>& reserved() {
  static const std::vector<Reserved> kReserved = {
      {"cxxopts", {"host/cli/options.cc"}},
      {"mpi.h", {"mpi"}},
      {"nccl", {"mpi"}},
      {"cuda", {"kernels", "mpi/nccl"}},
      {"cublas", {"kernels"}},
      {"cblas", {"kernels"}},
      {"cudnn", {"kernels"}},
      {"nvml", {"kernels"}},
  };
  return kReserved;
}

// The one place that asks for the time of day (when a profile was made). Everything else measures on a clock
// that no administrator and no time server moves.
constexpr std::string_view kTimeOfDay = "host/measure/describe.cc";

// What the pure model never sees: no I/O, no clock, no threads.
constexpr std::array<std::string_view, 5> kNotInModel = {"iostream", "fstream", "chrono", "thread",
                                                         "nlohmann/"};
constexpr std::array<std::string_view, 2> kRegistries = {"kernels/registry.cc", "mpi/registry.cc"};

std::vector<std::string> check_include(const std::string& path, const Layer& layer, const std::string& target,
                                       bool quoted) {
  std::vector<std::string> broken;
  if (quoted) {
    const Layer* other = layer_of(target);
    if (other == nullptr) {
      broken.push_back("includes \"" + target + "\", which is in no layer");
    } else if (other != &layer &&
               std::find(layer.below.begin(), layer.below.end(), other->folder) == layer.below.end()) {
      broken.push_back("includes \"" + target + "\", but " + std::string(layer.folder) +
                       " does not depend on " + std::string(other->folder));
    }
    return broken;
  }
  for (const Reserved& rule : reserved()) {
    if (!target.starts_with(rule.prefix)) continue;
    const bool allowed = std::any_of(rule.places.begin(), rule.places.end(), [&](std::string_view place) {
      return path == place || within(path, place);
    });
    if (!allowed) broken.push_back("includes <" + target + ">, which is reserved to other places");
  }
  if (target.starts_with("nlohmann/") && !path.ends_with(".cc")) {
    broken.push_back("includes <" + target + "> in a file that is no .cc");
  }
  for (const std::string_view name : kNotInModel) {
    const bool matches = name.ends_with('/') ? target.starts_with(name) : target == name;
    if (layer.folder == "host/model" && matches) {
      broken.push_back("includes <" + target + "> in the pure model");
    }
  }
  return broken;
}

}  // namespace

std::vector<std::string> broken_rules(const std::string& path, std::string_view text) {
  const Layer* layer = layer_of(path);
  if (layer == nullptr) return {path + ": is in no layer that tests/unit/layers/rules.cc knows"};
  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  static const std::regex kBuildSwitch(R"(\bTRAINCAST_HAVE_\w+)");
  static const std::regex kWallClock(
      R"(\b(system_clock|high_resolution_clock|gettimeofday|CLOCK_REALTIME|MPI_Wtime)\b|\btime\((nullptr|NULL|0)\))");
  std::vector<std::string> broken;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::string where = path + ":" + std::to_string(number) + ": ";
    std::smatch match;
    if (std::regex_search(line, match, kInclude)) {
      for (const std::string& what : check_include(path, *layer, match[2], match[1] == "\"")) {
        broken.push_back(where + what);
      }
    }
    if (path != kTimeOfDay && std::regex_search(line, match, kWallClock)) {
      broken.push_back(where + "uses " + match.str() + ", a clock that jumps");
    }
    const bool is_registry = std::find(kRegistries.begin(), kRegistries.end(), path) != kRegistries.end();
    const bool is_comment = line.find("//") < line.find("TRAINCAST_HAVE_");
    if (!is_registry && !is_comment && std::regex_search(line, match, kBuildSwitch)) {
      broken.push_back(where + "uses " + match.str() + ", which only the registries do");
    }
  }
  return broken;
}

}  // namespace traincast
