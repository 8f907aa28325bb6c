// Walks desired and observed routes together, one key at a time: the loop that diff and plan share.
#pragma once

#include <span>

#include "common/resources/routes/route.h"

namespace ondol::routes {

// Calls visit(const Route* wanted, std::span<const ObservedRoute> holders) once per key in key order; wanted is null
// for a key that intent lacks. Both sides sorted by key, wanted without duplicates.
template <typename Visit>
void merge_routes(std::span<const Route> wanted, std::span<const ObservedRoute> seen, Visit visit) {
  std::size_t w = 0;
  std::size_t s = 0;
  while (w < wanted.size() || s < seen.size()) {
    const bool seen_first = w == wanted.size() || (s < seen.size() && seen[s].route.key < wanted[w].key);
    const RouteKey& key = seen_first ? seen[s].route.key : wanted[w].key;
    const std::size_t begin = s;
    while (s < seen.size() && seen[s].route.key == key) ++s;
    visit(seen_first ? nullptr : &wanted[w], seen.subspan(begin, s - begin));
    if (!seen_first) ++w;
  }
}

}  // namespace ondol::routes
