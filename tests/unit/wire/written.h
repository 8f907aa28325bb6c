// Values in plain words, and random ones from a seed, for the tests of the wire.
#pragma once

#include <algorithm>
#include <random>
#include <string>

#include "common/session/messages.h"

namespace ondol::wire {

inline routes::Route route_number(std::uint32_t number) {
  routes::Route route;
  route.key.destination.address.bytes = {11, static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
                                         static_cast<std::uint8_t>(number)};
  route.key.destination.length = 32;
  routes::Nexthop hop;
  hop.gateway = *parse_address("10.0.0.1");
  hop.interface = *routes::InterfaceName::make("eth0");
  route.value.nexthops.push_back(hop);
  return route;
}

inline session::RoutesReport report_of(std::uint32_t count) {
  session::RoutesReport report;
  for (std::uint32_t i = 0; i < count; ++i) {
    report.snapshot.routes.push_back({route_number(i), 79, routes::Ownership::kOurs});
  }
  report.snapshot.compared = count;
  return report;
}

inline DesiredState desired_of(std::uint32_t count, std::uint64_t generation = 1) {
  DesiredState state{Generation{generation}, Revision{std::string(64, 'a')}, routes::RoutesIntent{}, false};
  for (std::uint32_t i = 0; i < count; ++i) state.routes->routes.push_back(route_number(i));
  return state;
}

inline session::ValueReport value_of(session::RoutesReport report, std::string payload) {
  const Digest digest = digest_of(payload);
  return {digest, std::move(payload), std::move(report)};
}

inline session::Hello hello_of(const std::string& host) {
  session::Hello hello;
  hello.host = HostId{host};
  hello.agent_version = "1.2.3";
  hello.boot_id = "boot";
  hello.instance_id = "instance";
  hello.held = {{session::ResourceType::kRoutes, digest_of("x")}};
  hello.next_event = EventSequence{9};
  hello.oldest_event = EventSequence{4};
  hello.status = {session::ResourceType::kRoutes, Generation{3}, Generation{2}, Generation{1}, "held", Generation{0}};
  hello.sent = wall_from_unix_ns(1'700'000'000'000'000'000);
  return hello;
}

// Deterministic: the same seed, the same values.
class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(engine_() % n); }
  bool coin() { return below(2) == 1; }
  std::string text() {
    static const std::string kWords[] = {"", "eth1 down", "사용자", "a\nb", "tab\tquote\"", "\xf0\x9f\x94\xa5"};
    return kWords[below(std::size(kWords))];
  }
  IpAddress address(Family family) {
    IpAddress out{family, {}};
    for (int i = 0; i < address_bytes(family); ++i) out.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(below(256));
    return out;
  }
  IpPrefix prefix(Family family) {
    return masked({address(family), static_cast<std::uint8_t>(below(static_cast<std::uint32_t>(address_bits(family)) + 1))});
  }
  routes::RouteKey key() {
    const Family family = coin() ? Family::kIpv4 : Family::kIpv6;
    routes::RouteKey out{1 + below(1000), prefix(family), below(5000), std::nullopt};
    if (family == Family::kIpv6 && coin()) out.source = prefix(family);
    return out;
  }
  routes::Nexthop nexthop() {
    routes::Nexthop out;
    if (coin()) out.gateway = address(coin() ? Family::kIpv4 : Family::kIpv6);
    out.interface = *routes::InterfaceName::make(coin() ? "eth\xff\x01" : "bond0.100");
    out.weight = static_cast<std::uint16_t>(1 + below(256));
    out.onlink = coin();
    if (coin()) out.encapsulation = "0011aaff";
    return out;
  }
  routes::RouteValue value() {
    routes::RouteValue out;
    out.type = static_cast<routes::RouteType>(1 + below(4));
    for (std::uint32_t i = below(4); i > 0; --i) out.nexthops.push_back(nexthop());
    std::sort(out.nexthops.begin(), out.nexthops.end());
    if (coin()) out.preferred_source = address(Family::kIpv4);
    out.mtu = below(9001);
    if (coin()) out.scope = static_cast<std::uint8_t>(below(256));
    return out;
  }
  Author author() {
    Author out;
    if (coin()) out.pid = below(100000);
    if (coin()) out.comm = text();
    if (coin()) out.command = "ip route del " + text();
    if (coin()) out.unit = "session-12.scope";
    if (coin()) out.session = below(100);
    if (coin()) out.user = text();
    if (coin()) out.ssh_from = "10.0.0.5";
    return out;
  }
  WallTime wall() { return wall_from_unix_ns(static_cast<std::int64_t>(engine_() % 2'000'000'000'000'000'000U)); }
  session::RouteObjectState object_state() {
    session::RouteObjectState out{key(), static_cast<routes::RouteState>(1 + below(7)), text(), std::nullopt, wall()};
    if (coin()) out.contender = author();
    return out;
  }
  session::HostEvent event(std::uint64_t sequence) {
    session::HostEvent out;
    out.sequence = EventSequence{sequence};
    out.happened = wall();
    switch (below(4)) {
      case 0: out.what = change(); break;
      case 1: out.what = repair(); break;
      case 2: out.what = result(); break;
      case 3: out.what = session::ObserverNotice{session::ResourceType::kRoutes, "overrun", text()}; break;
    }
    return out;
  }

 private:
  session::RouteChange change() {
    session::RouteChange out{key(), static_cast<session::ChangeKind>(1 + below(4)), {}, {}, 3, {}};
    if (coin()) out.before = value();
    if (coin()) out.after = value();
    if (coin()) out.author = author();
    return out;
  }
  session::RouteRepair repair() {
    return {key(), static_cast<session::RepairOutcome>(1 + below(6)), text(), Nanoseconds{below(1'000'000)},
            EventSequence{below(100)}};
  }
  session::GenerationResult result() {
    session::GenerationResult out;
    out.generation = Generation{below(1000)};
    out.revision = Revision{std::string(64, 'f')};
    out.outcome = static_cast<session::GenerationOutcome>(1 + below(4));
    out.reason = "refused: " + text();
    for (std::uint32_t i = below(5); i > 0; --i) out.refused.push_back(object_state());
    out.added = below(10);
    out.duration = Nanoseconds{below(1'000'000)};
    return out;
  }
  std::mt19937_64 engine_;
};

}  // namespace ondol::wire
