// The parsed files of a revision, and what resolving one host leaves behind for the next.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/intent/resolve.h"

namespace ondol::intent {

// What all hosts with the same layers have in common.
struct StackResult {
  std::shared_ptr<const ResolvedHost> host;  // null after an error
  std::vector<Finding> findings;             // without hosts
};

// Outlives `Layers` as long as a resolved host is held, because origins point into it.
struct LayerFiles {
  std::map<std::string, std::shared_ptr<const Layer>> by_path;  // of several revisions when their files are the same
};

struct Layers::Parsed {
  std::shared_ptr<LayerFiles> files = std::make_shared<LayerFiles>();
  std::map<LayerStack, RouteEntries> merged_lists;  // of partial stacks; bounded by kRememberedEntries
  std::size_t merged_entries = 0;
  std::map<LayerStack, StackResult> results;        // bounded by kRememberedRoutes
  std::size_t result_routes = 0;
};

inline constexpr std::size_t kRememberedEntries = 4'000'000;  // 32 bytes each
inline constexpr std::size_t kRememberedRoutes = 200'000;     // about 250 bytes each with their origin
inline constexpr std::size_t kMaxRoutesPerHost = 40'000;      // the wire's limit

StackResult resolve_stack(const LayerStack& stack, Layers::Parsed& parsed);

// Into `state.trial`, and what it was made of into `sources`. Errors come back; the rest is resolved all the same.
std::vector<Fault> resolve_trial(const LayerStack& stack, DesiredState& state, Origins::Sources& sources);

// Each lint at the place of the entry that made the route.
std::vector<Finding> findings_of(const std::vector<routes::RouteLint>& lints, const RouteEntries& entries);
std::vector<Finding> findings_of(const std::vector<routes::RouteLint>& lints, const Origins& origins);

}  // namespace ondol::intent
