#include "tests/fuzz/targets.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "host/base/errors.h"

namespace traincast::fuzz {

std::span<const Target> targets() {
  static constexpr std::array<Target, 11> kTargets = {{{"json", read_json},
                                                       {"config", read_config},
                                                       {"profile", read_profile},
                                                       {"published", read_published},
                                                       {"hugging_face", import_hf},
                                                       {"megatron", import_training},
                                                       {"bandwidth", import_bandwidth},
                                                       {"units", read_units},
                                                       {"override", read_override},
                                                       {"axis", read_axis},
                                                       {"command_line", read_command_line}}};
  return kTargets;
}

const Target* find_target(std::string_view name) {
  for (const Target& target : targets()) {
    if (target.name == name) return &target;
  }
  return nullptr;
}

bool accepts(const Target& target, std::string_view bytes) {
  try {
    target.run(bytes);
    return true;
  } catch (const ConfigError&) {
    return false;
  } catch (const UsageError&) {
    return false;
  } catch (const UnitError&) {
    return false;
  } catch (const InfeasiblePlan&) {
    return false;
  }
}

Selected select(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  return {bytes.substr(0, end), bytes.substr(std::min(end + 1, bytes.size()))};
}

void require(bool promise, const char* what) {
  if (!promise) throw std::logic_error(what);
}

}  // namespace traincast::fuzz
