#include "collector/runtime/intent_cache.h"

#include "collector/runtime/store_rows.h"

namespace ondol::collector {
namespace {

constexpr std::size_t kMostHosts = 256;
constexpr std::size_t kMostRoutes = 400'000;

}  // namespace

DesiredPtr IntentCache::find(const HostId& host) {
  if (const auto place = places_.find(host); place != places_.end()) {
    entries_.splice(entries_.begin(), entries_, place->second);
    return entries_.front().state;
  }
  auto state = read_desired_state(store_, host);
  if (!state || !*state) return nullptr;
  const std::size_t routes = (*state)->routes ? (*state)->routes->routes.size() : 0;
  entries_.push_front({host, *state, routes});
  places_[host] = entries_.begin();
  routes_ += routes;
  shrink();
  return *state;
}

void IntentCache::drop(const HostId& host) {
  const auto place = places_.find(host);
  if (place == places_.end()) return;
  routes_ -= place->second->routes;
  entries_.erase(place->second);
  places_.erase(place);
}

void IntentCache::shrink() {
  while (entries_.size() > kMostHosts || (routes_ > kMostRoutes && entries_.size() > 1)) {
    const HostId oldest = entries_.back().host;
    drop(oldest);
  }
}

}  // namespace ondol::collector
