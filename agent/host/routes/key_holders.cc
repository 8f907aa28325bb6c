#include "agent/host/routes/key_holders.h"

#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <algorithm>

namespace ondol::routes {
namespace {

Family family_of(const RouteKey& key) { return key.destination.address.family; }

bool is_that_route(const ObservedRoute& seen, const ObservedRoute& meant) {
  return seen.protocol == meant.protocol && satisfies(seen.route.value, meant.route.value);
}

}  // namespace

KeyHolders::KeyHolders(const std::vector<RouteOp>& operations, const LinkTable& links,
                       const NexthopTable& nexthops)
    : links_(links), nexthops_(nexthops) {
  std::vector<std::uint32_t> tables;
  for (const RouteOp& operation : operations) {
    holders_.try_emplace(operation.route.key);
    tables.push_back(operation.route.key.table);
  }
  tables_ = ComparedTables(std::move(tables));
}

bool KeyHolders::asks_about(Family family) const {
  return std::ranges::any_of(holders_, [=](const auto& held) { return family_of(held.first) == family; });
}

void KeyHolders::take(const Message& message) {
  const auto key = decode_route_key(message);
  const auto found = key ? holders_.find(*key) : holders_.end();
  if (found == holders_.end()) return;
  const Looked looked = look_at_route(message, tables_);
  Holder holder{looked.protocol, std::nullopt};
  ObservedRoute seen;
  const bool is_compared = looked.look == RouteLook::kCompared;
  if (is_compared && decode_route(message, links_, nexthops_, seen) == Decoded::kWhole) holder.compared = seen;
  found->second.push_back(std::move(holder));
}

void KeyHolders::forget(Family family) {
  for (auto& [key, held] : holders_) {
    if (family_of(key) == family) held.clear();
  }
}

std::optional<std::string> KeyHolders::objection(const RouteOp& operation) const {
  const auto found = holders_.find(operation.route.key);
  if (found == holders_.end() || found->second.empty()) return std::nullopt;
  const std::vector<Holder>& held = found->second;
  const std::string destination = render(operation.route.key.destination);
  const auto also_held = [&](const Holder& holder) {
    return fmt::format("{} is {}held by a {} route: not replaced", destination, held.size() > 1 ? "also " : "",
                       protocol_name(holder.protocol));
  };
  for (const Holder& holder : held) {
    if (!holder.compared) return also_held(holder);
  }
  if (operation.before && !is_that_route(*held.front().compared, *operation.before)) {
    return fmt::format("{} is held by another route than was read: not replaced", destination);
  }
  // IPv6 picks by the kind of nexthop among several: which one it would be is not ours to guess.
  if (held.size() > 1 && family_of(found->first) == Family::kIpv6) return also_held(held[1]);
  return std::nullopt;
}

std::optional<std::string> KeyHolders::objection_to_removal(const RouteOp& operation) const {
  const auto found = holders_.find(operation.route.key);
  const ObservedRoute meant{operation.route, operation.protocol, {}};
  const bool names_nexthops = operation.route.value.nexthops.size() <= 1;
  const auto would_go = [&](const Holder& holder) {
    if (operation.protocol != 0 && holder.protocol != operation.protocol) return false;
    return !holder.compared || !names_nexthops || satisfies(holder.compared->route.value, meant.route.value);
  };
  const std::string destination = render(operation.route.key.destination);
  if (found == holders_.end()) return fmt::format("{} is gone already", destination);
  const auto hit = std::ranges::find_if(found->second, would_go);
  if (hit == found->second.end()) return fmt::format("{} is gone already", destination);
  if (hit->compared && is_that_route(*hit->compared, meant)) return std::nullopt;
  return fmt::format("{} is held by another {} route: not removed", destination, protocol_name(hit->protocol));
}

std::optional<std::uint8_t> KeyHolders::protocol_of_holder(const RouteKey& key) const {
  const auto found = holders_.find(key);
  if (found == holders_.end() || found->second.empty()) return std::nullopt;
  return found->second.front().protocol;
}

}  // namespace ondol::routes
