#include "agent/core/apply_guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace ondol::agent {
namespace {

using routes::OpKind;
using routes::RouteOp;

bool touches_key(std::span<const RouteOp> operations, const routes::RouteKey& key) {
  return std::any_of(operations.begin(), operations.end(), [&](const RouteOp& op) { return op.route.key == key; });
}

// Does something that this change leaves alone lead to `target` more closely than `cover` does?
bool has_closer_cover(const IpPrefix& target, const IpPrefix& cover, std::span<const RouteOp> operations,
                      const GuardView& view) {
  const auto closer = [&](const IpPrefix& prefix) {
    return prefix.length > cover.length && contains(masked(prefix), target);
  };
  for (const LinkFacts& link : view.links) {
    if (link.up && std::any_of(link.addresses.begin(), link.addresses.end(), closer)) return true;
  }
  return std::any_of(view.observed.begin(), view.observed.end(), [&](const routes::ObservedRoute& route) {
    return route.route.key.table == routes::kMainTable && closer(route.route.key.destination) &&
           !touches_key(operations, route.route.key);
  });
}

// A change inside a protected prefix always touches it; a cover of it only when nothing closer leads there.
std::string judge_prefixes(const RouteOp& op, std::span<const RouteOp> operations, const GuardView& view) {
  const IpPrefix& destination = op.route.key.destination;
  for (const IpPrefix& prefix : view.rules.protected_prefixes) {
    if (contains(prefix, destination)) return fmt::format("guard: inside protected prefix {}", render(prefix));
    if (contains(destination, prefix) && !has_closer_cover(prefix, destination, operations, view)) {
      return fmt::format("guard: protected prefix {} is reached through it", render(prefix));
    }
  }
  return {};
}

bool closes(const RouteOp& op) {
  return op.kind == OpKind::kRemove || op.route.value.type != routes::RouteType::kUnicast;
}

bool closes_way_to(const IpPrefix& target, const RouteOp& op, std::span<const RouteOp> operations, const GuardView& view) {
  const IpPrefix& destination = op.route.key.destination;
  return closes(op) && contains(destination, target) && !has_closer_cover(target, destination, operations, view);
}

std::string judge_collector_path(const RouteOp& op, std::span<const RouteOp> operations, const GuardView& view) {
  for (const IpPrefix& collector : view.collector_path) {
    if (!closes_way_to(collector, op, operations, view)) continue;
    return fmt::format("guard: the collector {} is reached through it", render(collector.address));
  }
  return {};
}

bool is_protected(std::string_view interface, const GuardRules& rules) {
  return std::any_of(rules.protected_interfaces.begin(), rules.protected_interfaces.end(),
                     [&](const std::string& pattern) { return matches_glob(pattern, interface); });
}

// The interface a nexthop uses: the one it names, else the one whose network holds the gateway.
std::string_view interface_of(const routes::Nexthop& hop, const GuardView& view) {
  if (!hop.interface.empty() || !hop.gateway) return hop.interface.view();
  for (const LinkFacts& link : view.links) {
    for (const IpPrefix& address : link.addresses) {
      if (contains(masked(address), *hop.gateway)) return link.name.view();
    }
  }
  return {};
}

std::string judge_interfaces(const routes::RouteValue& value, const GuardView& view) {
  for (const routes::Nexthop& hop : value.nexthops) {
    const std::string_view interface = interface_of(hop, view);
    if (is_protected(interface, view.rules)) return fmt::format("guard: interface {} is protected", interface);
  }
  return {};
}

// Anything of no length is a default route; a closed half of all addresses is no better than a closed whole.
std::string judge_default_route(const RouteOp& op, const GuardView& view) {
  const IpPrefix& destination = op.route.key.destination;
  if (!view.rules.protect_default_route || op.route.key.table != routes::kMainTable || destination.length > 1) return {};
  const bool closes = op.kind != OpKind::kRemove && op.route.value.type != routes::RouteType::kUnicast;
  const auto leads_out = [&](const routes::ObservedRoute& held) {
    return held.route.key.table == routes::kMainTable && held.route.key.destination.length == 0 &&
           held.route.key.destination.address.family == destination.address.family &&
           held.route.value.type == routes::RouteType::kUnicast;
  };
  if (closes && std::any_of(view.observed.begin(), view.observed.end(), leads_out)) return "guard: it closes the default route";
  const auto is_it = [&](const routes::ObservedRoute& held) { return held.route.key == op.route.key && leads_out(held); };
  const bool removes = op.kind == OpKind::kRemove && std::any_of(view.observed.begin(), view.observed.end(), is_it);
  return removes ? "guard: the default route is protected" : "";
}

std::string judge_operation(const RouteOp& op, std::span<const RouteOp> operations, const GuardView& view) {
  std::string reason = judge_prefixes(op, operations, view);
  if (reason.empty()) reason = judge_collector_path(op, operations, view);
  if (reason.empty()) reason = judge_default_route(op, view);
  if (reason.empty()) reason = judge_interfaces(op.route.value, view);
  if (reason.empty() && op.before) reason = judge_interfaces(op.before->route.value, view);
  return reason;
}

}  // namespace

std::vector<Refusal> judge_operations(std::span<const RouteOp> operations, const GuardView& view) {
  std::vector<Refusal> refusals;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    std::string reason = judge_operation(operations[i], operations, view);
    if (!reason.empty()) refusals.push_back({i, std::move(reason)});
  }
  return refusals;
}

std::vector<Refusal> judge_covers(std::span<const RouteOp> operations, std::span<const trial::ReachTarget> targets,
                                  const GuardView& view) {
  std::vector<Refusal> refusals;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto target = std::find_if(targets.begin(), targets.end(), [&](const trial::ReachTarget& one) {
      const auto bits = static_cast<std::uint8_t>(address_bits(one.address.family));
      return closes_way_to({one.address, bits}, operations[i], operations, view);
    });
    if (target == targets.end()) continue;
    const std::string address = render(target->address);
    const bool is_named = target->name.find(address) != std::string::npos;
    refusals.push_back({i, fmt::format("cover: {}{}{} is reached through it", target->name, is_named ? "" : " ",
                                       is_named ? "" : address)});
  }
  return refusals;
}

std::string judge_deletion_share(std::span<const RouteOp> operations, std::size_t owned, int percent) {
  const auto removals = static_cast<std::size_t>(std::count_if(
      operations.begin(), operations.end(), [](const RouteOp& op) { return op.kind == OpKind::kRemove; }));
  const std::size_t base = std::max(owned, removals);
  if (base < 10 || removals * 100 <= base * static_cast<std::size_t>(percent)) return {};
  return fmt::format("guard: {} of {} routes would be deleted, more than {} %", removals, base, percent);
}

Milliseconds bounded_trial(Milliseconds asked, const GuardRules& rules) {
  return std::clamp(asked, rules.shortest_trial, std::max(rules.shortest_trial, rules.longest_trial));
}

bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace ondol::agent
