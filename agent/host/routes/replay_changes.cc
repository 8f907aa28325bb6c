#include "agent/host/routes/replay_changes.h"

#include <algorithm>

namespace ondol::routes {
namespace {

using Routes = std::vector<ObservedRoute>;

struct KeyLess {
  bool operator()(const ObservedRoute& a, const RouteKey& b) const { return a.route.key < b; }
  bool operator()(const RouteKey& a, const ObservedRoute& b) const { return a < b.route.key; }
};

bool is_ipv6(const RouteKey& key) { return key.destination.address.family == Family::kIpv6; }

// A delete may name some of the nexthops only.
void remove_siblings(const Nexthops& fewer, Nexthops& nexthops) {
  for (const Nexthop& nexthop : fewer) {
    const auto found = std::ranges::find(nexthops, nexthop);
    if (found != nexthops.end()) nexthops.erase(found);
  }
}

void replay_added(const ObservedRoute& added, Routes& routes) {
  const auto [first, last] = std::equal_range(routes.begin(), routes.end(), added.route.key, KeyLess{});
  const auto is_twin = [&added](const ObservedRoute& route) {
    return route.protocol == added.protocol && route.route.value.type == added.route.value.type;
  };
  const auto twin = std::find_if(first, last, is_twin);
  if (twin != last && is_ipv6(added.route.key)) {
    twin->route.value = added.route.value;  // `append` tells the whole of what it made
    return;
  }
  if (std::find(first, last, added) == last) routes.insert(last, added);
}

void replay_replaced(const ObservedRoute& now, Routes& routes) {
  const auto [first, last] = std::equal_range(routes.begin(), routes.end(), now.route.key, KeyLess{});
  if (first == last) {
    routes.insert(last, now);
    return;
  }
  *first = now;  // IPv4 replaces the first of several
  if (is_ipv6(now.route.key)) routes.erase(first + 1, last);
}

void replay_removed(const ObservedRoute& removed, Routes& routes) {
  const auto [first, last] = std::equal_range(routes.begin(), routes.end(), removed.route.key, KeyLess{});
  auto found = std::find(first, last, removed);
  if (found == last && is_ipv6(removed.route.key)) {
    found = std::ranges::find(first, last, removed.protocol, &ObservedRoute::protocol);
    if (found == last) return;
    remove_siblings(removed.route.value.nexthops, found->route.value.nexthops);
    if (!found->route.value.nexthops.empty()) return;
  }
  if (found != last) routes.erase(found);
}

}  // namespace

void replay_changes(std::span<const SeenChange> changes, Routes& routes) {
  for (const SeenChange& change : changes) {
    switch (change.kind) {
      case session::ChangeKind::kAdded: replay_added(change.route, routes); break;
      case session::ChangeKind::kReplaced: replay_replaced(change.route, routes); break;
      case session::ChangeKind::kRemoved:
      case session::ChangeKind::kVanished: replay_removed(change.route, routes); break;
    }
  }
}

bool equal_apart_from(std::span<const SeenChange> changes, const Routes& a, const Routes& b) {
  std::vector<RouteKey> touched;
  for (const SeenChange& change : changes) touched.push_back(change.route.route.key);
  std::ranges::sort(touched);
  const auto is_touched = [&touched](const ObservedRoute& route) {
    return std::ranges::binary_search(touched, route.route.key);
  };
  auto left = a.begin();
  auto right = b.begin();
  while (true) {
    left = std::find_if_not(left, a.end(), is_touched);
    right = std::find_if_not(right, b.end(), is_touched);
    if (left == a.end() || right == b.end()) return left == a.end() && right == b.end();
    if (*left++ != *right++) return false;
  }
}

}  // namespace ondol::routes
