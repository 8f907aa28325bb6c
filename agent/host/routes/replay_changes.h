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

// What two readings of the same undisturbed routes saw together: a dump may miss a route while others move
// beside it, but it shows none that is not there. Touched keys are taken from `newer`. All sorted by key.
std::vector<ObservedRoute> merge_readings(std::span<const SeenChange> changes,
                                          const std::vector<ObservedRoute>& older,
                                          const std::vector<ObservedRoute>& newer);

}  // namespace ondol::routes
