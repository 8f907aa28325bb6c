#include "tests/fakes/fake_kernel.h"

#include <algorithm>

namespace ondol::fakes {

using routes::ObservedRoute;
using routes::OpKind;
using routes::RouteOp;

void FakeKernel::set_link(const std::string& name, bool up, std::vector<IpPrefix> addresses) {
  agent::LinkFacts& link = links_[name];
  link.name = *routes::InterfaceName::make(name);
  link.up = link.running = up;
  if (!addresses.empty()) link.addresses = std::move(addresses);
  if (up) return;
  std::erase_if(routes_, [&](const ObservedRoute& r) {
    return r.route.key.destination.address.family == Family::kIpv4 &&
           std::ranges::any_of(r.route.value.nexthops, [&](const auto& hop) { return hop.interface == link.name; });
  });
}

void FakeKernel::remove_link(const std::string& name) {
  set_link(name, false);
  links_.erase(name);
}

std::vector<agent::LinkFacts> FakeKernel::links() const {
  std::vector<agent::LinkFacts> all;
  for (const auto& [name, link] : links_) all.push_back(link);
  return all;
}

std::string FakeKernel::why_not(const routes::Route& route, agent::FailedOp& failure) const {
  if (render(route.key.destination) == refuse_destination) return "Invalid argument";
  for (const routes::Nexthop& hop : route.value.nexthops) {
    failure.waiting = true;
    if (!hop.interface.empty()) {
      const auto link = links_.find(std::string(hop.interface.view()));
      if (link == links_.end()) return "Cannot find device";
      if (!link->second.up) return "Network is down";
    }
    const auto reaches = [&](const auto& link) {
      return link.second.up && std::ranges::any_of(link.second.addresses, [&](const IpPrefix& address) {
               return contains(masked(address), *hop.gateway);
             });
    };
    const auto leads_there = [&](const ObservedRoute& r) { return contains(r.route.key.destination, *hop.gateway); };
    if (hop.gateway && std::ranges::none_of(links_, reaches) && std::ranges::none_of(routes_, leads_there)) {
      return "Nexthop has invalid gateway";
    }
  }
  failure.waiting = false;
  return {};
}

// As the kernel does: the interface is the one whose network holds the gateway.
void FakeKernel::fill_in(routes::Nexthop& hop) const {
  for (const auto& [name, link] : links_) {
    const auto holds = [&](const IpPrefix& address) { return hop.gateway && contains(masked(address), *hop.gateway); };
    if (hop.interface.empty() && std::ranges::any_of(link.addresses, holds)) hop.interface = link.name;
  }
}

std::vector<ObservedRoute>::iterator FakeKernel::holder(const routes::RouteKey& key) {
  return std::ranges::find_if(routes_, [&](const ObservedRoute& r) { return r.route.key == key; });
}

bool FakeKernel::do_one(const RouteOp& op, agent::FailedOp& failure) {
  const auto held = holder(op.route.key);
  failure.conflict = true;
  switch (op.kind) {
    case OpKind::kAdd:
      failure.text = "File exists";
      if (held != routes_.end()) return false;
      break;
    case OpKind::kAppend: break;
    case OpKind::kReplace:
      failure.text = "No such file or directory";
      if (held == routes_.end()) return false;
      break;
    case OpKind::kRemove: {
      failure.text = "No such process";
      const auto that = std::ranges::find_if(routes_, [&](const ObservedRoute& r) {
        return r.route.key == op.route.key && r.protocol == op.protocol && satisfies(r.route.value, op.route.value);
      });
      if (that == routes_.end()) return false;
      routes_.erase(that);
      return true;
    }
  }
  failure.conflict = false;
  failure.text = why_not(op.route, failure);
  if (!failure.text.empty()) return false;
  ObservedRoute written{op.route, op.protocol, routes::Ownership::kForeign};
  for (routes::Nexthop& hop : written.route.value.nexthops) fill_in(hop);
  op.kind == OpKind::kReplace ? void(*held = written) : routes_.push_back(written);
  return true;
}

agent::RoutesApplied FakeKernel::apply(agent::ApplyPurpose purpose, const std::vector<RouteOp>& operations, Now now) {
  agent::RoutesApplied applied;
  applied.purpose = purpose;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (dies_after != 0 && i == dies_after) throw Killed{"mid_apply"};
    agent::FailedOp failure;
    failure.index = i;
    applied.done.push_back(do_one(operations[i], failure));
    if (operations[i].kind == OpKind::kAdd && render(operations[i].route.key.destination) == mute_destination) {
      failure.text = "answers to a batch: No buffer space available";
      applied.done.back() = false;
    }
    ++writes_;
    if (!applied.done.back()) applied.failures.push_back(failure);
  }
  applied.finished = now;
  return applied;
}

routes::RouteSnapshot FakeKernel::snapshot() const {
  routes::RouteSnapshot seen;
  seen.routes = routes_;
  std::ranges::stable_sort(seen.routes, {}, [](const ObservedRoute& r) { return r.route.key; });
  seen.compared = static_cast<std::uint32_t>(seen.routes.size());
  return seen;
}

agent::TouchedRoute FakeKernel::edit(session::ChangeKind kind, bool append, const routes::Route& route,
                                     std::uint8_t protocol) {
  agent::TouchedRoute seen;
  seen.kind = kind;
  seen.route = {route, protocol, routes::Ownership::kForeign};
  for (routes::Nexthop& hop : seen.route.route.value.nexthops) fill_in(hop);
  const auto held = holder(route.key);
  switch (kind) {
    case session::ChangeKind::kAdded:
      if (held == routes_.end() || append) routes_.push_back(seen.route);
      break;
    case session::ChangeKind::kReplaced:
      held == routes_.end() ? routes_.push_back(seen.route) : void(*held = seen.route);
      break;
    case session::ChangeKind::kRemoved:
    case session::ChangeKind::kVanished:
      if (held == routes_.end()) break;
      seen.route = *held;
      routes_.erase(held);
      break;
  }
  return seen;
}

void FakeKernel::lose(const routes::RouteKey& key) {
  if (const auto held = holder(key); held != routes_.end()) routes_.erase(held);
}

void FakeKernel::reboot() { routes_.clear(); }

}  // namespace ondol::fakes
