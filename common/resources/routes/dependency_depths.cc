#include <algorithm>
#include <array>

#include "common/resources/routes/plan_routes.h"

namespace ondol::routes {
namespace {

// The kernel accepts no longer chains; it also ends loops.
constexpr std::size_t kLongestChain = 16;

class DependencyGraph {
 public:
  explicit DependencyGraph(const std::vector<RouteOp>& operations)
      : operations_(operations), depths_(operations.size(), kUnknown) {
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const IpPrefix& destination = operations[i].route.key.destination;
      destinations_.push_back({destination, i});
      lengths_[destination.length] = true;
    }
    std::ranges::sort(destinations_);
  }

  std::size_t depth(std::size_t index, std::size_t budget) {
    if (depths_[index] != kUnknown) return depths_[index];
    if (budget == 0) return 0;
    std::size_t deepest = 0;
    for (const Nexthop& nexthop : operations_[index].route.value.nexthops) {
      if (nexthop.gateway && !nexthop.onlink) deepest = std::max(deepest, depth_behind(*nexthop.gateway, index, budget));
    }
    return depths_[index] = deepest;
  }

 private:
  using Entry = std::pair<IpPrefix, std::size_t>;
  static constexpr std::size_t kUnknown = ~std::size_t{0};

  // One more than the deepest of the planned routes that the gateway is reached through: the longest match but itself.
  std::size_t depth_behind(const IpAddress& gateway, std::size_t index, std::size_t budget) {
    for (int length = address_bits(gateway.family); length >= 0; --length) {
      if (!lengths_[static_cast<std::size_t>(length)]) continue;
      const IpPrefix cover = masked({gateway, static_cast<std::uint8_t>(length)});
      std::size_t deepest = 0;
      for (auto it = std::ranges::lower_bound(destinations_, Entry{cover, 0});
           it != destinations_.end() && it->first == cover; ++it) {
        if (it->second != index) deepest = std::max(deepest, 1 + depth(it->second, budget - 1));
      }
      if (deepest > 0) return deepest;
    }
    return 0;
  }

  const std::vector<RouteOp>& operations_;
  std::vector<std::size_t> depths_;
  std::vector<Entry> destinations_;
  std::array<bool, 129> lengths_{};
};

}  // namespace

std::vector<std::size_t> dependency_depths(const std::vector<RouteOp>& operations) {
  DependencyGraph graph(operations);
  std::vector<std::size_t> depths;
  depths.reserve(operations.size());
  for (std::size_t i = 0; i < operations.size(); ++i) depths.push_back(graph.depth(i, kLongestChain));
  return depths;
}

}  // namespace ondol::routes
