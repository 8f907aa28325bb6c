// One host with links and a route socket, in a namespace of the test's own.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "agent/host/routes/observe_routes.h"
#include "tests/fixtures/network_namespace.h"

namespace ondol::routes {

inline Route route_to(const std::string& destination, const std::string& gateway,
                      const std::string& interface = "") {
  Route route;
  route.key.destination = parse_prefix(destination).value();
  Nexthop nexthop;
  if (!gateway.empty()) nexthop.gateway = parse_address(gateway).value();
  nexthop.interface = InterfaceName::make(interface).value();
  route.value.nexthops.push_back(nexthop);
  normalise(route);
  return route;
}

inline Route route_nowhere(const std::string& destination, RouteType type) {
  Route route;
  route.key.destination = parse_prefix(destination).value();
  route.value.type = type;
  normalise(route);
  return route;
}

inline Nexthop nexthop_via(const std::string& gateway, std::uint16_t weight = 1) {
  Nexthop nexthop;
  nexthop.gateway = parse_address(gateway).value();
  nexthop.weight = weight;
  return nexthop;
}

inline ObservedRoute observed(const Route& route, std::uint8_t protocol) {
  return {route, protocol, Ownership::kForeign};
}

inline RouteOp add(const Route& route) { return RouteOp{OpKind::kAdd, route, kOurProtocol, {}}; }
inline RouteOp remove(const Route& route) { return RouteOp{OpKind::kRemove, route, kOurProtocol, {}}; }
inline RouteOp replace(const Route& route, const ObservedRoute& before) {
  return RouteOp{OpKind::kReplace, route, kOurProtocol, before};
}

class RouteHost : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(fixtures::enter_new_namespace());
    fixtures::make_host_links();
    open({});
    settle();
  }

  // The kernel tells about carriers and link-local addresses a little later: waits until it has.
  void settle() {
    const auto is_settled = [this](const Drained&) {
      const auto links = socket_->links();
      const auto is_ready = [](const Link& link) { return link.running && !link.addresses.empty(); };
      return links && std::ranges::count_if(*links, is_ready) == 3;
    };
    drain_until(is_settled);
    socket_->drain();
  }

  void open(const RouteSocketOptions& options) {
    auto opened = open_route_socket(options);
    ASSERT_TRUE(opened) << render(opened.error());
    socket_ = std::move(*opened);
  }

  RouteSnapshot snapshot(const std::vector<std::uint32_t>& tables = {}) {
    auto read = socket_->snapshot(tables);
    EXPECT_TRUE(read) << (read ? "" : render(read.error()));
    return read ? *read : RouteSnapshot{};
  }

  std::vector<ObservedRoute> holders(const RouteKey& key, const std::vector<std::uint32_t>& tables = {}) {
    std::vector<ObservedRoute> found;
    for (const ObservedRoute& route : snapshot(tables).routes) {
      if (route.route.key == key) found.push_back(route);
    }
    return found;
  }

  void apply_all(const std::vector<RouteOp>& operations) {
    const ApplyReport report = socket_->apply(operations);
    for (const OpFailure& failure : report.failures) {
      ADD_FAILURE() << render(operations[failure.index].route) << ": " << failure.text;
    }
    EXPECT_EQ(std::ranges::count(report.done, true), static_cast<std::ptrdiff_t>(operations.size()));
  }

  OpFailure only_failure(const std::vector<RouteOp>& operations) {
    const ApplyReport report = socket_->apply(operations);
    EXPECT_EQ(report.failures.size(), 1U);
    return report.failures.empty() ? OpFailure{} : report.failures.front();
  }

  // Drains until `is_there` holds for everything seen so far, at most five seconds.
  template <typename Predicate>
  Drained drain_until(Predicate is_there) {
    Drained all;
    while (!is_there(all) && fixtures::is_readable(socket_->event_fd(), 5000)) {
      Drained more = socket_->drain();
      EXPECT_EQ(more.error, "");
      std::ranges::move(more.changes, std::back_inserter(all.changes));
      all.overrun = all.overrun || more.overrun;
      all.links_changed = all.links_changed || more.links_changed;
    }
    EXPECT_TRUE(is_there(all)) << all.changes.size() << " changes";
    return all;
  }
  Drained drain_changes(std::size_t count) {
    return drain_until([count](const Drained& seen) { return seen.changes.size() >= count; });
  }

  std::unique_ptr<RouteSocket> socket_;
};

}  // namespace ondol::routes
