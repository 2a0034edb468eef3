#include "host/config/near.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace traincast {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

std::vector<std::string> near_names(std::string_view wanted, std::span<const std::string> candidates,
                                    std::size_t limit) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  // The table of distances is quadratic in the length; no name is that long.
  if (wanted.empty() || wanted.size() > 200) return {};
  const std::size_t most = std::max<std::size_t>(2, wanted.size() / 3);
  for (const std::string& candidate : candidates) {
    if (candidate.empty() || candidate.size() > 200) continue;
    const std::size_t distance = edit_distance(wanted, candidate);
    const bool contained = wanted.find(candidate) != std::string_view::npos ||
                           std::string_view(candidate).find(wanted) != std::string_view::npos;
    if (distance <= most || contained) ranked.emplace_back(distance, candidate);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < ranked.size() && i < limit; ++i) names.push_back(ranked[i].second);
  return names;
}

std::string join(std::span<const std::string> texts, std::string_view separator) {
  std::string joined;
  for (const std::string& text : texts) {
    if (!joined.empty()) joined += separator;
    joined += text;
  }
  return joined;
}

}  // namespace traincast
