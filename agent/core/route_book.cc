#include "agent/core/route_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ondol::agent {
namespace {

using routes::ObservedRoute;
using routes::RouteKey;
using routes::RouteState;

constexpr std::size_t kMaxReason = 256;  // bytes, as the wire allows

bool leads_to_any(const IpPrefix& destination, const std::vector<IpPrefix>& targets) {
  return std::any_of(targets.begin(), targets.end(), [&](const IpPrefix& t) { return contains(destination, t); });
}

bool holds_protocol(const std::vector<ObservedRoute>& held, std::uint8_t protocol) {
  return std::any_of(held.begin(), held.end(), [&](const ObservedRoute& r) { return r.protocol == protocol; });
}

}  // namespace

const routes::Route* find_route(const routes::RoutesIntent& intent, const RouteKey& key) {
  const auto at = std::lower_bound(intent.routes.begin(), intent.routes.end(), key,
                                   [](const routes::Route& route, const RouteKey& k) { return route.key < k; });
  return at != intent.routes.end() && at->key == key ? &*at : nullptr;
}

RouteBook::RouteBook(std::string boot_id) : boot_id_(std::move(boot_id)) {
  ledger_.boot_id = boot_id_;
}

void RouteBook::confirm(std::optional<DesiredState> state) {
  confirmed_ = std::move(state);
  not_in_sync_.clear();
}

bool RouteBook::enforces() const {
  return confirmed_ && confirmed_->routes && confirmed_->routes->mode == Mode::kEnforce;
}

const routes::Route* RouteBook::wanted(const RouteKey& key) const {
  return confirmed_ && confirmed_->routes ? find_route(*confirmed_->routes, key) : nullptr;
}

bool RouteBook::is_hidden(const ObservedRoute& foreign) const {
  if (!confirmed_ || !confirmed_->routes) return false;
  return confirmed_->routes->unlisted == routes::Unlisted::kIgnore || is_ignored(*confirmed_->routes, foreign);
}

std::vector<std::uint32_t> RouteBook::tables(const DesiredState* candidate) const {
  std::set<std::uint32_t> named;
  const auto add = [&named](const DesiredState* state) {
    if (state == nullptr || !state->routes) return;
    for (const routes::Route& route : state->routes->routes) named.insert(route.key.table);
  };
  add(candidate);
  add(confirmed_ ? &*confirmed_ : nullptr);
  add(tried_ ? &*tried_ : nullptr);
  for (const auto& [key, entry] : ledger_.entries) named.insert(key.table);
  named.erase(routes::kMainTable);
  return {named.begin(), named.end()};
}

std::vector<RouteKey> RouteBook::keys(const DesiredState* candidate) const {
  std::vector<RouteKey> all;
  const auto add = [&all](const DesiredState* state) {
    if (state == nullptr || !state->routes) return;
    for (const routes::Route& route : state->routes->routes) all.push_back(route.key);
  };
  add(candidate);
  add(confirmed_ ? &*confirmed_ : nullptr);
  for (const auto& [key, entry] : ledger_.entries) all.push_back(key);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Merged RouteBook::absorb(const routes::RouteSnapshot& snapshot) {
  Merged merged;
  if (has_read_) {
    merged = table_.merge(snapshot);
  } else {
    table_.load(snapshot);
    merged.refreshed = true;
  }
  has_read_ = true;
  if (merged.refreshed) {
    table_.mark_ownership(ledger_);
    refresh_ledger();
  }
  return merged;
}

void RouteBook::refresh_ledger() {
  for (auto& [key, entry] : ledger_.entries) {
    const routes::Route* want = wanted(key);
    const auto found = table_.by_key().find(key);
    if (want == nullptr || found == table_.by_key().end()) continue;
    for (const Holder& holder : found->second) {
      const routes::RouteValue& value = holder.route.route.value;
      if (holder.route.ownership != routes::Ownership::kOurs || !satisfies(value, want->value)) continue;
      if (entry.made && entry.value == value) continue;
      entry = {value, true};
      ledger_changed = true;
    }
  }
}

void RouteBook::restore_ledger(Ledger ledger) {
  ledger_ = std::move(ledger);
  if (ledger_.boot_id != boot_id_) {
    for (auto& [key, entry] : ledger_.entries) entry.made = false;
    ledger_.boot_id = boot_id_;
  }
  table_.mark_ownership(ledger_);
}

void RouteBook::rebuild_ledger() {
  for (const auto& [key, held] : table_.by_key()) {
    const routes::Route* want = wanted(key);
    if (want == nullptr) continue;
    for (const Holder& holder : held) {
      if (holder.route.protocol != routes::kOurProtocol || !satisfies(holder.route.route.value, want->value)) continue;
      ledger_.entries[key] = {holder.route.route.value, true};
      ledger_changed = true;
    }
  }
  table_.mark_ownership(ledger_);
}

bool RouteBook::claim(const RouteKey& key, const routes::RouteValue& value) {
  return ledger_.entries.try_emplace(key, LedgerEntry{value, false}).second;
}

void RouteBook::made(const routes::RouteOp& op) {
  const RouteKey& key = op.route.key;
  routes::Route written = op.route;
  const auto known = ledger_.entries.find(key);
  const bool ours = op.protocol == routes::kOurProtocol;
  // The kernel fills in what intent leaves open, and fills it in as it did the last time.
  if (ours && known != ledger_.entries.end() && satisfies(known->second.value, written.value)) {
    written.value = known->second.value;
  }
  switch (op.kind) {
    case routes::OpKind::kAdd:
    case routes::OpKind::kAppend: table_.add(written, op.protocol); break;
    case routes::OpKind::kReplace: table_.put(written, op.protocol); break;
    case routes::OpKind::kRemove: table_.remove(op.route, op.protocol); break;
  }
  // Another one of ours may hold the key still: a duplicate went.
  const bool was_last = op.kind == routes::OpKind::kRemove && !holds_protocol(table_.holders(key), op.protocol);
  if (ours && was_last) ledger_changed |= ledger_.entries.erase(key) > 0;
  if (ours && op.kind != routes::OpKind::kRemove) {
    LedgerEntry& entry = ledger_.entries[key];
    ledger_changed = ledger_changed || !entry.made || entry.value != written.value;
    entry = {written.value, true};
  }
  table_.mark_ownership(key, ledger_);
}

void RouteBook::disown(const RouteKey& key) {
  ledger_changed |= ledger_.entries.erase(key) > 0;
  table_.mark_ownership(key, ledger_);
}

void RouteBook::restore_entry(const RouteKey& key, const Ledger& before) {
  const auto entry = before.entries.find(key);
  entry == before.entries.end() ? void(ledger_.entries.erase(key)) : void(ledger_.entries[key] = entry->second);
  table_.mark_ownership(key, ledger_);
}

void RouteBook::begin_trial(DesiredState candidate, std::set<RouteKey> touched) {
  tried_ = std::move(candidate);
  tried_keys_ = std::move(touched);
}

void RouteBook::end_trial() {
  tried_.reset();
  tried_keys_.clear();
}

void RouteBook::keep_only_wanted() {
  const auto stale = [this](const auto& entry) {
    const auto held = table_.holders(entry.first);
    const bool there = std::any_of(held.begin(), held.end(),
                                   [](const ObservedRoute& r) { return r.ownership == routes::Ownership::kOurs; });
    return wanted(entry.first) == nullptr && !there;
  };
  ledger_changed |= std::erase_if(ledger_.entries, stale) > 0;
}

std::optional<RouteState> RouteBook::assess(const RouteKey& key, WallTime now) {
  const routes::Route* want = wanted(key);
  if (want == nullptr) {
    not_in_sync_.erase(key);
    return std::nullopt;
  }
  const std::vector<ObservedRoute> held = table_.holders(key);
  const RouteState state = judge_route(*want, held);
  const auto known = not_in_sync_.find(key);
  const bool sticks = known != not_in_sync_.end() && state != RouteState::kInSync && state != RouteState::kSatisfied &&
                      (known->second.state == RouteState::kContested ||
                       (known->second.state == RouteState::kWaiting && state == RouteState::kMissing));
  const bool is_new = known == not_in_sync_.end() || known->second.state != state;
  std::string reason = is_new ? "" : known->second.reason;
  if (state == RouteState::kConflict && !is_restorable(held.front().route.value)) reason = routes::kNotRestorable;
  if (!sticks) note(key, state, std::move(reason), now);
  return state;
}

std::vector<RouteKey> RouteBook::assess_all(WallTime now) {
  std::vector<RouteKey> off;
  if (!confirmed_ || !confirmed_->routes) return off;
  for (const routes::Route& route : confirmed_->routes->routes) {
    if (!is_tried(route.key) && assess(route.key, now) != RouteState::kInSync) off.push_back(route.key);
  }
  return off;
}

void RouteBook::note(const RouteKey& key, RouteState state, std::string reason, WallTime now) {
  if (state == RouteState::kInSync) {
    not_in_sync_.erase(key);
    return;
  }
  if (reason.size() > kMaxReason) reason.resize(kMaxReason);
  session::RouteObjectState& object = not_in_sync_[key];
  const bool same = object.since != WallTime{} && object.state == state;
  object = {key, state, std::move(reason), std::nullopt, same ? object.since : now};
}

void RouteBook::note_contender(const RouteKey& key, std::optional<Author> contender) {
  if (const auto at = not_in_sync_.find(key); at != not_in_sync_.end()) at->second.contender = std::move(contender);
}

std::vector<RouteKey> RouteBook::in_state(RouteState state) const {
  std::vector<RouteKey> keys;
  for (const auto& [key, object] : not_in_sync_) {
    if (object.state == state) keys.push_back(key);
  }
  return keys;
}

bool RouteBook::has_waiting() const {
  return std::any_of(not_in_sync_.begin(), not_in_sync_.end(),
                     [](const auto& object) { return object.second.state == RouteState::kWaiting; });
}

std::string RouteBook::waiting_reason(const routes::Route& route, const std::string& kernel_text) const {
  for (const routes::Nexthop& hop : route.value.nexthops) {
    if (hop.interface.empty()) continue;
    const auto link = std::find_if(links.begin(), links.end(), [&](const LinkFacts& l) { return l.name == hop.interface; });
    if (link == links.end()) return fmt::format("{} missing", hop.interface.view());
    if (!link->up) return fmt::format("{} down", hop.interface.view());
  }
  for (const routes::Nexthop& hop : route.value.nexthops) {
    if (hop.gateway) return fmt::format("gateway {} unreachable: {}", render(*hop.gateway), kernel_text);
  }
  return kernel_text;
}

routes::RoutePlan RouteBook::plan_keys(std::span<const RouteKey> keys) const {
  routes::RoutesIntent part;
  part.unlisted = routes::Unlisted::kIgnore;
  part.on_conflict = confirmed_->routes->on_conflict;
  part.mode = confirmed_->routes->mode;
  routes::RouteSnapshot there;
  for (const RouteKey& key : keys) {  // sorted, as snapshots and intents are
    if (const routes::Route* want = wanted(key)) part.routes.push_back(*want);
    for (ObservedRoute& holder : table_.holders(key)) there.routes.push_back(std::move(holder));
  }
  there.compared = static_cast<std::uint32_t>(there.routes.size());
  return plan_routes(part, there, {.remove_unlisted = false, .never_remove_covering = {}});
}

std::vector<ObservedRoute> RouteBook::routes_to(const std::vector<IpPrefix>& targets) const {
  std::vector<ObservedRoute> found;
  for (const auto& [key, held] : table_.by_key()) {
    if (!leads_to_any(key.destination, targets)) continue;
    for (const Holder& holder : held) found.push_back(holder.route);
  }
  return found;
}

std::vector<Refusal> RouteBook::judge(std::span<const routes::RouteOp> operations) const {
  const bool closes = std::any_of(operations.begin(), operations.end(), [](const routes::RouteOp& op) {
    return op.kind == routes::OpKind::kRemove || op.route.value.type != routes::RouteType::kUnicast;
  });
  const std::vector<IpPrefix> collector = guards_collector_path ? collector_path : std::vector<IpPrefix>{};
  std::vector<IpPrefix> targets = guard.protected_prefixes;
  if (closes) targets.insert(targets.end(), collector.begin(), collector.end());
  const bool covers = std::any_of(operations.begin(), operations.end(), [&](const routes::RouteOp& op) {
    return leads_to_any(op.route.key.destination, targets);
  });
  // Looking at every route is for the few operations that a target could be reached through.
  const std::vector<ObservedRoute> around = covers ? routes_to(targets) : std::vector<ObservedRoute>{};
  return judge_operations(operations, {guard, collector, around, links});
}

std::vector<Refusal> RouteBook::judge_reach(std::span<const routes::RouteOp> operations,
                                            std::span<const trial::ReachTarget> targets) const {
  std::vector<IpPrefix> addresses;
  for (const trial::ReachTarget& target : targets) {
    addresses.push_back({target.address, static_cast<std::uint8_t>(address_bits(target.address.family))});
  }
  const std::vector<ObservedRoute> around = routes_to(addresses);
  return judge_covers(operations, targets, {guard, collector_path, around, links});
}

session::RoutesReport RouteBook::report() const {
  session::RoutesReport report{table_.reported(session::kMaxReportedRoutes, [this](const RouteKey& key) { return wanted(key) != nullptr; }), {}};
  report.not_in_sync.reserve(not_in_sync_.size());
  for (const auto& [key, object] : not_in_sync_) report.not_in_sync.push_back(object);
  return report;
}

}  // namespace ondol::agent
