// Session messages of every shape, made from a number: the same number gives the same message.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "common/session/drift.h"
#include "common/session/messages.h"

namespace ondol::fakes {

class AnyMessage {
 public:
  explicit AnyMessage(std::uint32_t seed) : random_(seed) {}

  session::RoutesReport report(std::size_t routes);
  DesiredState desired();
  session::HostEvent event(std::uint64_t sequence);
  session::ToCollector to_collector();
  session::ToAgent to_agent();
  session::DriftRecord drift();
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

 private:
  bool maybe() { return below(2) == 0; }
  template <typename Enum>
  Enum one_of(Enum last) {
    return static_cast<Enum>(1 + below(static_cast<std::size_t>(last)));
  }
  std::string text(std::size_t longest);
  WallTime time() { return wall_from_unix_ns(1'800'000'000'000'000'000 + static_cast<std::int64_t>(below(1'000'000))); }
  Digest digest() { return digest_of(text(8)); }
  IpAddress address(Family family);
  IpPrefix prefix(Family family) { return masked({address(family), static_cast<std::uint8_t>(below(address_bits(family) + 1u))}); }
  routes::RouteKey key();
  routes::RouteValue value(Family family);
  Author author();
  session::RouteObjectState object();
  std::vector<trial::ProbeResult> probes();
  session::GenerationStatus status();
  std::vector<session::ValueDigest> held();
  std::vector<session::RouteObjectState> objects(std::size_t most);
  decltype(session::HostEvent::what) body();

  std::mt19937 random_;
};

}  // namespace ondol::fakes
