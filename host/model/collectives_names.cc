// Names and classes of the collective model's enumerations.
#include <algorithm>
#include <array>

#include "host/model/collectives.h"

namespace traincast {

std::int64_t Group::nodes() const {
  const std::int64_t per_node = std::max<std::int64_t>(ranks_per_node, 1);
  return std::max<std::int64_t>((ranks + per_node - 1) / per_node, 1);
}

std::string_view name(CollectiveAlgorithm algorithm) {
  constexpr std::array<std::string_view, kCollectiveAlgorithms> kNames{
      "ring", "tree", "nvls", "nvls_tree", "pat", "sharp", "hierarchical", "pairwise", "direct"};
  return kNames[static_cast<std::size_t>(algorithm)];
}
std::string_view name(Protocol protocol) {
  constexpr std::array<std::string_view, kProtocols> kNames{"LL", "LL128", "Simple"};
  return kNames[static_cast<std::size_t>(protocol)];
}
std::string_view name(NcclEra era) {
  constexpr std::array<std::string_view, kNcclEras> kNames{"2.12", "2.18", "2.19", "2.21", "2.23", "2.28"};
  return kNames[static_cast<std::size_t>(era)];
}

CollectiveClass collective_class(Collective collective) {
  switch (collective) {
    case Collective::all_reduce:
      return CollectiveClass::all_reduce;
    case Collective::all_gather:
    case Collective::reduce_scatter:
      return CollectiveClass::gather_scatter;
    case Collective::all_to_all:
      return CollectiveClass::all_to_all;
    case Collective::send_recv:
      break;
  }
  return CollectiveClass::send_recv;
}

AlgorithmFamily family(CollectiveAlgorithm algorithm) {
  switch (algorithm) {
    case CollectiveAlgorithm::tree:
    case CollectiveAlgorithm::pat:
      return AlgorithmFamily::tree;
    case CollectiveAlgorithm::nvls:
    case CollectiveAlgorithm::nvls_tree:
    case CollectiveAlgorithm::sharp:
      return AlgorithmFamily::in_switch;
    default:
      return AlgorithmFamily::ring;
  }
}

}  // namespace traincast
