#include "common/base/nearest_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace ondol {
namespace {

constexpr std::size_t kLongestName = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Insertions, deletions, substitutions and swaps of neighbours each cost one; case and '-' against '_' cost nothing.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) { return lower(x == '-' ? '_' : x) == lower(y == '-' ? '_' : y); };
  std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = same(a[i - 1], b[j - 1]) ? 0 : 1;
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + cost});
      const bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
      if (swapped) next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before.swap(row);
    row.swap(next);
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view text, const std::vector<std::string_view>& known) {
  if (text.empty() || text.size() > kLongestName) return std::nullopt;
  std::optional<std::string> best;
  std::size_t least = 0;
  for (const std::string_view name : known) {
    if (name.empty() || name.size() > kLongestName) continue;
    const std::size_t shorter = std::min(text.size(), name.size());
    const std::size_t longer = std::max(text.size(), name.size());
    const std::size_t most = std::max<std::size_t>(1, longer / 3);
    if (longer - shorter > most) continue;
    const std::size_t distance = edit_distance(text, name);
    if (distance > most || distance >= name.size() || (best && distance >= least)) continue;
    best = name;
    least = distance;
  }
  return best;
}

std::string suggestion(std::string_view text, const std::vector<std::string_view>& known) {
  if (const auto near = nearest_name(text, known)) return fmt::format("did you mean '{}'?", *near);
  return fmt::format("known: {}", fmt::join(known, ", "));
}

}  // namespace ondol
