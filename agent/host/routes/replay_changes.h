// Route events over a dump: what the dump may have missed or seen too late. Pure.
#pragma once

#include <span>
#include <vector>

#include "agent/host/routes/observe_routes.h"

namespace ondol::routes {

// `routes` is sorted by key and stays so. Changes that the dump already shows leave it as it is.
void replay_changes(std::span<const SeenChange> changes, std::vector<ObservedRoute>& routes);

// Equal, leaving out every route whose key one of `changes` touches. Both sorted by key.
bool equal_apart_from(std::span<const SeenChange> changes, const std::vector<ObservedRoute>& a,
                      const std::vector<ObservedRoute>& b);

}  // namespace ondol::routes
