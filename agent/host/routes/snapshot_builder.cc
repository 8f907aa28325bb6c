#include "agent/host/routes/snapshot_builder.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ondol::routes {
namespace {

// The kernel's order is nearly ours. Beyond this many strays one sort of everything is cheaper than inserting
// each.
constexpr std::size_t kMaxInsertions = 2048;

// The kernel never holds the same route twice; an IPv6 dump that starts again in a changed tree shows some
// twice.
void drop_twins(std::vector<ObservedRoute>& routes, std::uint32_t& compared) {
  const auto twins = std::unique(routes.begin(), routes.end());
  compared -= static_cast<std::uint32_t>(routes.end() - twins);
  routes.erase(twins, routes.end());
}

void add_to_mark(const Message& message, DumpMark& mark) {
  const bool is_ipv4 = message.body.front() == AF_INET;
  std::uint64_t& digest = is_ipv4 ? mark.ipv4_digest : mark.ipv6_digest;
  digest = XXH3_64bits_withSeed(message.body.data(), message.body.size(), digest);
  mark.ipv4_count += is_ipv4;
}

}  // namespace

SnapshotBuilder::SnapshotBuilder(const ComparedTables& tables, const LinkTable& links,
                                 const NexthopTable& nexthops)
    : tables_(tables), links_(links), nexthops_(nexthops) {}

void SnapshotBuilder::take(const Message& message) {
  if (message.type != RTM_NEWROUTE) return;
  const Looked looked = look_at_route(message, tables_);
  switch (looked.look) {
    case RouteLook::kNotLooked:
      return;
    case RouteLook::kMalformed:
      ++malformed_;
      return;
    case RouteLook::kCounted:
      ++counted_[looked.protocol];
      return;
    case RouteLook::kCompared:
      break;
  }
  ++compared_;
  add_to_mark(message, mark_);
  if (looked.protocol != kOurProtocol && foreign_kept_ >= kMaxForeignRoutes && !is_kept_key(message)) return;
  take_compared(message);
  if (looked.protocol != kOurProtocol) ++foreign_kept_;
}

bool SnapshotBuilder::is_kept_key(const Message& message) const {
  if (kept_keys_.empty()) return false;
  const auto key = decode_route_key(message);
  return key && std::ranges::binary_search(kept_keys_, *key);
}

void SnapshotBuilder::take_compared(const Message& message) {
  ObservedRoute& route = routes_.emplace_back();
  const Decoded decoded = decode_route(message, links_, nexthops_, route);
  if (decoded != Decoded::kWhole) {
    routes_.pop_back();
    if (decoded == Decoded::kUnknownIndex) has_unknown_index_ = true;
    if (decoded == Decoded::kMalformed) ++malformed_;
    return;
  }
  const auto index = static_cast<std::uint32_t>(routes_.size() - 1);
  const auto before = [this](std::uint32_t a, std::uint32_t b) {
    return routes_[a].route.key < routes_[b].route.key;
  };
  const bool in_order = order_.empty() || !before(index, order_.back());
  if (in_order || ++out_of_order_ > kMaxInsertions) {
    order_.push_back(index);
    return;
  }
  order_.insert(std::upper_bound(order_.begin(), order_.end(), index, before), index);
}

void SnapshotBuilder::sort() {
  if (out_of_order_ == 0) return;
  if (out_of_order_ > kMaxInsertions) {
    const auto before = [this](std::uint32_t a, std::uint32_t b) {
      return routes_[a].route.key < routes_[b].route.key;
    };
    std::stable_sort(order_.begin(), order_.end(), before);
  }
  std::vector<ObservedRoute> sorted;
  sorted.reserve(routes_.size());
  for (const std::uint32_t index : order_) sorted.push_back(std::move(routes_[index]));
  routes_ = std::move(sorted);
}

RouteSnapshot SnapshotBuilder::finish() {
  sort();
  RouteSnapshot snapshot;
  snapshot.routes = std::move(routes_);
  for (std::size_t protocol = 0; protocol < counted_.size(); ++protocol) {
    if (counted_[protocol] > 0)
      snapshot.counted.emplace_back(static_cast<std::uint8_t>(protocol), counted_[protocol]);
  }
  drop_twins(snapshot.routes, compared_);
  snapshot.compared = compared_;
  snapshot.truncated = snapshot.routes.size() < compared_;
  return snapshot;
}

}  // namespace ondol::routes
