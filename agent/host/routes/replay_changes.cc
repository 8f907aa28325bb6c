#include "agent/host/routes/replay_changes.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>

namespace ondol::routes {
namespace {

using Routes = std::vector<ObservedRoute>;  // here: those of one key, in the kernel's order

bool is_ipv6(const ObservedRoute& route) {
  return route.route.key.destination.address.family == Family::kIpv6;
}

void replay_added(const ObservedRoute& added, Routes& holders) {
  const auto is_twin = [&added](const ObservedRoute& route) {
    return route.protocol == added.protocol && route.route.value.type == added.route.value.type;
  };
  const auto twin = std::ranges::find_if(holders, is_twin);
  if (is_ipv6(added) && twin != holders.end()) {
    twin->route.value = added.route.value;  // `append` tells the whole of what it made
    return;
  }
  if (std::ranges::find(holders, added) == holders.end()) holders.push_back(added);
}

void replay_replaced(const ObservedRoute& now, Routes& holders) {
  if (holders.empty() || is_ipv6(now)) {
    holders = {now};
    return;
  }
  holders.front() = now;  // IPv4 replaces the first of several
}

// An IPv6 delete may name some of the nexthops only.
void remove_siblings(const ObservedRoute& removed, Routes& holders) {
  const auto holder = std::ranges::find(holders, removed.protocol, &ObservedRoute::protocol);
  if (holder == holders.end()) return;
  Nexthops& left = holder->route.value.nexthops;
  for (const Nexthop& nexthop : removed.route.value.nexthops) {
    const auto found = std::ranges::find(left, nexthop);
    if (found != left.end()) left.erase(found);
  }
  if (left.empty()) holders.erase(holder);
}

void replay_removed(const ObservedRoute& removed, Routes& holders) {
  const auto found = std::ranges::find(holders, removed);
  if (found != holders.end()) {
    holders.erase(found);
  } else if (is_ipv6(removed)) {
    remove_siblings(removed, holders);
  }
}

void replay(const SeenChange& change, Routes& holders) {
  switch (change.kind) {
    case session::ChangeKind::kAdded:
      replay_added(change.route, holders);
      break;
    case session::ChangeKind::kReplaced:
      replay_replaced(change.route, holders);
      break;
    case session::ChangeKind::kRemoved:
    case session::ChangeKind::kVanished:
      replay_removed(change.route, holders);
      break;
  }
}

struct KeyLess {
  bool operator()(const ObservedRoute& a, const ObservedRoute& b) const { return a.route.key < b.route.key; }
};

class Touched {
 public:
  explicit Touched(std::span<const SeenChange> changes) {
    for (const SeenChange& change : changes) keys_.push_back(change.route.route.key);
    std::ranges::sort(keys_);
    keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
  }
  bool operator()(const ObservedRoute& route) const {
    return std::ranges::binary_search(keys_, route.route.key);
  }

 private:
  std::vector<RouteKey> keys_;
};

}  // namespace

void replay_changes(std::span<const SeenChange> changes, Routes& routes) {
  std::map<RouteKey, Routes> touched;
  for (const SeenChange& change : changes) touched.try_emplace(change.route.route.key);
  Routes untouched;
  untouched.reserve(routes.size());
  for (ObservedRoute& route : routes) {
    const auto found = touched.find(route.route.key);
    (found == touched.end() ? untouched : found->second).push_back(std::move(route));
  }
  for (const SeenChange& change : changes) replay(change, touched[change.route.route.key]);
  Routes replayed;
  for (auto& [key, holders] : touched) std::ranges::move(holders, std::back_inserter(replayed));
  routes.clear();
  std::merge(std::move_iterator(untouched.begin()), std::move_iterator(untouched.end()),
             std::move_iterator(replayed.begin()), std::move_iterator(replayed.end()),
             std::back_inserter(routes), KeyLess{});
}

bool equal_apart_from(std::span<const SeenChange> changes, const Routes& a, const Routes& b) {
  const Touched touched(changes);
  auto left = a.begin();
  auto right = b.begin();
  while (true) {
    left = std::find_if_not(left, a.end(), std::cref(touched));
    right = std::find_if_not(right, b.end(), std::cref(touched));
    if (left == a.end() || right == b.end()) return left == a.end() && right == b.end();
    if (*left++ != *right++) return false;
  }
}

Routes merge_readings(std::span<const SeenChange> changes, const Routes& older, const Routes& newer) {
  const Touched touched(changes);
  Routes missed;
  for (const ObservedRoute& route : older) {
    if (touched(route)) continue;
    const auto [first, last] = std::equal_range(newer.begin(), newer.end(), route, KeyLess{});
    if (std::find(first, last, route) == last) missed.push_back(route);
  }
  Routes merged;
  std::ranges::merge(newer, missed, std::back_inserter(merged), KeyLess{});
  return merged;
}

}  // namespace ondol::routes
