#include "agent/core/route_table.h"

#include <algorithm>

namespace ondol::agent {
namespace {

using routes::ObservedRoute;
using routes::Ownership;
using routes::RouteKey;
using session::ChangeKind;

bool is_same(const ObservedRoute& a, const ObservedRoute& b) {
  return a.protocol == b.protocol && a.route == b.route;  // whose it is, is our own opinion
}

// What we wrote may come back with what the kernel filled in.
bool matches_read(const Holder& known, const ObservedRoute& read) {
  if (!known.assumed) return is_same(known.route, read);
  return known.route.protocol == read.protocol && routes::satisfies(read.route.value, known.route.route.value);
}

TableChange gone(const ObservedRoute& route, ChangeKind kind) {
  return {route.route.key, kind, route.route.value, std::nullopt, route.protocol};
}
TableChange come(const ObservedRoute& route) {
  return {route.route.key, ChangeKind::kAdded, std::nullopt, route.route.value, route.protocol};
}

// The differences of one key; `known` becomes what was read.
void merge_key(Holders& known, std::span<const ObservedRoute> read, std::vector<TableChange>& changes) {
  if (known.size() == 1 && read.size() == 1 && !matches_read(known[0], read[0])) {
    changes.push_back({read[0].route.key, ChangeKind::kReplaced, known[0].route.route.value, read[0].route.value,
                       read[0].protocol});
  } else {
    for (const Holder& holder : known) {
      const auto match = [&](const ObservedRoute& r) { return matches_read(holder, r); };
      if (std::none_of(read.begin(), read.end(), match)) changes.push_back(gone(holder.route, ChangeKind::kVanished));
    }
    for (const ObservedRoute& route : read) {
      const auto match = [&](const Holder& h) { return matches_read(h, route); };
      if (std::none_of(known.begin(), known.end(), match)) changes.push_back(come(route));
    }
  }
  known.clear();
  for (const ObservedRoute& route : read) known.push_back({route, false});
}

bool is_unchanged(const Holders& known, std::span<const ObservedRoute> read) {
  return known.size() == read.size() &&
         std::equal(known.begin(), known.end(), read.begin(), [](const Holder& holder, const ObservedRoute& route) {
           return !holder.assumed && is_same(holder.route, route);
         });
}

// Routes [from, end of the run with the same key).
std::span<const ObservedRoute> run_of_key(const std::vector<ObservedRoute>& all, std::size_t from) {
  std::size_t end = from;
  while (end < all.size() && all[end].route.key == all[from].route.key) ++end;
  return {all.data() + from, end - from};
}

}  // namespace

void RouteTable::load(const routes::RouteSnapshot& snapshot) {
  by_key_.clear();
  size_ = snapshot.routes.size();
  for (const ObservedRoute& route : snapshot.routes) by_key_[route.route.key].push_back({route, false});
  rest_ = {{}, snapshot.counted, snapshot.policy_rules, snapshot.truncated, snapshot.compared};
}

Merged RouteTable::merge(const routes::RouteSnapshot& snapshot) {
  Merged merged;
  std::vector<TableChange>& changes = merged.changes;
  auto known = by_key_.begin();
  for (std::size_t at = 0; at < snapshot.routes.size();) {
    const auto read = run_of_key(snapshot.routes, at);
    const RouteKey& key = read.front().route.key;
    while (known != by_key_.end() && known->first < key) {
      merge_key(known->second, {}, changes);
      known = by_key_.erase(known);
    }
    if (known == by_key_.end() || key < known->first) known = by_key_.emplace_hint(known, key, Holders{});
    if (!is_unchanged(known->second, read)) {
      merged.refreshed = true;
      merge_key(known->second, read, changes);
    }
    ++known;
    at += read.size();
  }
  while (known != by_key_.end()) {
    merge_key(known->second, {}, changes);
    known = by_key_.erase(known);
  }
  size_ = snapshot.routes.size();
  merged.refreshed = merged.refreshed || !changes.empty();
  merged.counts_changed = rest_.counted != snapshot.counted || rest_.policy_rules != snapshot.policy_rules;
  rest_ = {{}, snapshot.counted, snapshot.policy_rules, snapshot.truncated, snapshot.compared};
  return merged;
}

std::optional<TableChange> RouteTable::apply(ChangeKind kind, const ObservedRoute& route, bool& unsure) {
  const RouteKey& key = route.route.key;
  Holders& held = by_key_[key];
  std::optional<TableChange> change;
  switch (kind) {
    case ChangeKind::kAdded: {
      const auto same = [&](const Holder& h) { return is_same(h.route, route); };
      if (std::any_of(held.begin(), held.end(), same)) break;
      // IPv6 append grows the multipath route that is there.
      unsure = unsure || (!held.empty() && key.destination.address.family == Family::kIpv6);
      held.push_back({route, false});
      ++size_;
      change = come(route);
      break;
    }
    case ChangeKind::kReplaced: change = replace_one(route, held, unsure); break;
    case ChangeKind::kRemoved:
    case ChangeKind::kVanished: change = remove_one(route, held, unsure); break;
  }
  drop_if_empty(key);
  return change;
}

std::optional<TableChange> RouteTable::replace_one(const ObservedRoute& route, Holders& held, bool& unsure) {
  if (held.empty()) {
    held.push_back({route, false});
    ++size_;
    return come(route);
  }
  unsure = unsure || held.size() > 1;  // the kernel replaces its first one, whichever that is
  if (is_same(held[0].route, route)) return std::nullopt;
  TableChange change{route.route.key, ChangeKind::kReplaced, held[0].route.route.value, route.route.value,
                     route.protocol};
  held[0] = {route, false};
  return change;
}

std::optional<TableChange> RouteTable::remove_one(const ObservedRoute& route, Holders& held, bool& unsure) {
  const auto found = std::find_if(held.begin(), held.end(), [&](const Holder& h) { return matches_read(h, route); });
  if (found == held.end()) {
    unsure = unsure || !held.empty();
    return remove_nexthops(route, held);
  }
  TableChange change = gone(found->route, ChangeKind::kRemoved);
  held.erase(found);
  --size_;
  return change;
}

// An IPv6 delete may name some of a route's nexthops only. A read will say what is left; who did it, only this message does.
std::optional<TableChange> RouteTable::remove_nexthops(const ObservedRoute& route, Holders& held) {
  const RouteKey& key = route.route.key;
  if (key.destination.address.family != Family::kIpv6) return std::nullopt;
  for (Holder& holder : held) {
    routes::RouteValue left = holder.route.route.value;
    const auto goes = [&](const routes::Nexthop& hop) {
      const auto& gone_hops = route.route.value.nexthops;
      return std::find(gone_hops.begin(), gone_hops.end(), hop) != gone_hops.end();
    };
    const auto gone_count = std::count_if(left.nexthops.begin(), left.nexthops.end(), goes);
    const bool is_part = gone_count > 0 && static_cast<std::size_t>(gone_count) == route.route.value.nexthops.size();
    if (holder.route.protocol != route.protocol || !is_part) continue;
    left.nexthops.erase(std::remove_if(left.nexthops.begin(), left.nexthops.end(), goes), left.nexthops.end());
    TableChange change{key, ChangeKind::kReplaced, holder.route.route.value, left, route.protocol};
    holder.route.route.value = std::move(left);
    return change;
  }
  return std::nullopt;
}

void RouteTable::drop_if_empty(const RouteKey& key) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end() && found->second.empty()) by_key_.erase(found);
}

void RouteTable::put(const routes::Route& route, std::uint8_t protocol) {
  Holders& held = by_key_[route.key];
  // A replace takes the place of one route; what was appended beside it stays.
  if (held.empty()) {
    held.push_back({});
    ++size_;
  }
  held[0] = {{route, protocol, Ownership::kForeign}, true};
}

void RouteTable::add(const routes::Route& route, std::uint8_t protocol) {
  by_key_[route.key].push_back({{route, protocol, Ownership::kForeign}, true});
  ++size_;
}

void RouteTable::remove(const routes::Route& route, std::uint8_t protocol) {
  const auto found = by_key_.find(route.key);
  if (found == by_key_.end()) return;
  Holders& held = found->second;
  const auto at = std::find_if(held.begin(), held.end(), [&](const Holder& h) {
    return h.route.protocol == protocol && satisfies(h.route.route.value, route.value);
  });
  if (at != held.end()) {
    held.erase(at);
    --size_;
  }
  drop_if_empty(route.key);
}

void RouteTable::mark_ownership(const RouteKey& key, const Ledger& ledger) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  const auto entry = ledger.entries.find(key);
  const bool known = entry != ledger.entries.end();
  bool ours_present = false;
  for (Holder& holder : found->second) {
    const bool ours = known && holder.route.protocol == routes::kOurProtocol;
    holder.route.ownership = ours ? Ownership::kOurs : Ownership::kForeign;
    ours_present = ours_present || ours;
  }
  if (ours_present || !known || !entry->second.made) return;
  for (Holder& holder : found->second) holder.route.ownership = Ownership::kOverwritten;
}

void RouteTable::mark_ownership(const Ledger& ledger) {
  for (const auto& [key, held] : by_key_) mark_ownership(key, ledger);
}

std::vector<ObservedRoute> RouteTable::holders(const RouteKey& key) const {
  std::vector<ObservedRoute> found;
  if (const auto at = by_key_.find(key); at != by_key_.end()) {
    for (const Holder& holder : at->second) found.push_back(holder.route);
  }
  return found;
}

routes::RouteSnapshot RouteTable::snapshot() const {
  routes::RouteSnapshot whole = rest_;
  whole.routes.reserve(size_);
  for (const auto& [key, held] : by_key_) {
    for (const Holder& holder : held) whole.routes.push_back(holder.route);
  }
  whole.compared = static_cast<std::uint32_t>(size_);
  return whole;
}

routes::RouteSnapshot RouteTable::reported(std::size_t limit,
                                           const std::function<bool(const RouteKey&)>& is_wanted) const {
  routes::RouteSnapshot whole = snapshot();
  if (whole.routes.size() <= limit) return whole;
  const auto is_foreign = [&](const ObservedRoute& r) {
    return r.ownership == Ownership::kForeign && !is_wanted(r.route.key);
  };
  const auto foreign = std::count_if(whole.routes.begin(), whole.routes.end(), is_foreign);
  const std::size_t ours = whole.routes.size() - static_cast<std::size_t>(foreign);
  std::size_t room = ours < limit ? limit - ours : 0;
  std::erase_if(whole.routes, [&](const ObservedRoute& r) { return is_foreign(r) && (room == 0 || room-- == 0); });
  whole.truncated = true;
  return whole;
}

}  // namespace ondol::agent
