#include "tests/fakes/any_message.h"

#include "common/wire/routes_wire.h"

namespace ondol::fakes {

std::string AnyMessage::text(std::size_t longest) {
  static const std::vector<std::string> kLetters{"a", "b", " ", "\"", "\n", "\u00e9", "\uc628", "\U0001f525", "%", "\\"};
  std::string made;
  for (std::size_t i = below(longest + 1); i > 0; --i) {
    const std::string& letter = kLetters[below(kLetters.size())];
    if (made.size() + letter.size() <= longest) made += letter;
  }
  return made;
}

IpAddress AnyMessage::address(Family family) {
  std::vector<std::uint8_t> octets(static_cast<std::size_t>(address_bytes(family)));
  for (auto& octet : octets) octet = static_cast<std::uint8_t>(below(256));
  return address_from_bytes(octets).value();
}

routes::RouteKey AnyMessage::key() {
  const Family family = maybe() ? Family::kIpv4 : Family::kIpv6;
  routes::RouteKey made;
  made.table = maybe() ? routes::kMainTable : static_cast<std::uint32_t>(1 + below(0xffffffff));
  made.destination = prefix(family);
  made.metric = maybe() ? 0 : static_cast<std::uint32_t>(random_());
  if (family == Family::kIpv6 && maybe()) made.source = prefix(family);
  return made;
}

routes::RouteValue AnyMessage::value(Family family) {
  routes::RouteValue made;
  made.type = one_of(routes::RouteType::kProhibit);
  for (std::size_t i = below(4); i > 0; --i) {
    routes::Nexthop hop;
    if (maybe()) hop.gateway = address(maybe() ? family : Family::kIpv6);
    if (maybe()) hop.interface = *routes::InterfaceName::make(maybe() ? "eth0" : std::string_view("\xff\xfe odd", 6));
    hop.weight = static_cast<std::uint16_t>(1 + below(256));
    hop.onlink = maybe();
    if (maybe()) hop.encapsulation = "0c0ffee0";
    made.nexthops.push_back(hop);
  }
  std::sort(made.nexthops.begin(), made.nexthops.end());
  if (maybe()) made.preferred_source = address(family);
  if (maybe()) made.mtu = static_cast<std::uint32_t>(below(65536));
  if (maybe()) made.scope = static_cast<std::uint8_t>(below(256));
  return made;
}

Author AnyMessage::author() {
  Author made;
  if (maybe()) made.pid = static_cast<std::uint32_t>(random_());
  if (maybe()) made.comm = text(15);
  if (maybe()) made.command = text(512);
  if (maybe()) made.unit = text(256);
  if (maybe()) made.session = static_cast<std::uint32_t>(random_());
  if (maybe()) made.user = text(32);
  if (maybe()) made.ssh_from = text(46);
  return made;
}

session::RouteObjectState AnyMessage::object() {
  session::RouteObjectState made{key(), one_of(routes::RouteState::kContested), text(256), std::nullopt, time()};
  if (maybe()) made.contender = author();
  return made;
}

std::vector<session::RouteObjectState> AnyMessage::objects(std::size_t most) {
  std::vector<session::RouteObjectState> made;
  for (std::size_t i = below(most + 1); i > 0; --i) made.push_back(object());
  std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return made;
}

session::RoutesReport AnyMessage::report(std::size_t routes) {
  session::RoutesReport made;
  for (std::size_t i = 0; i < routes; ++i) {
    const routes::RouteKey at = key();
    made.snapshot.routes.push_back({{at, value(at.destination.address.family)}, static_cast<std::uint8_t>(below(256)),
                                    one_of(routes::Ownership::kOverwritten)});
  }
  routes::sort_by_key(made.snapshot.routes);
  made.not_in_sync = objects(8);
  if (maybe()) made.snapshot.counted = {{2, 7}, {12, static_cast<std::uint32_t>(random_())}};
  made.snapshot.policy_rules = static_cast<std::uint32_t>(below(100));
  made.snapshot.truncated = maybe();
  made.snapshot.compared = static_cast<std::uint32_t>(random_());
  return made;
}

DesiredState AnyMessage::desired() {
  DesiredState made;
  made.generation = Generation{random_()};
  made.revision = Revision{std::string(64, 'e')};
  made.allow_mass_delete = maybe();
  made.trial.enabled = maybe();
  made.trial.deadline = Milliseconds{5'000 + below(3'000'000)};
  for (const auto& found : probes()) made.trial.probes.push_back(found.target);
  std::sort(made.trial.probes.begin(), made.trial.probes.end());
  made.trial.probes.erase(std::unique(made.trial.probes.begin(), made.trial.probes.end()), made.trial.probes.end());
  if (maybe()) return made;
  routes::RoutesIntent& intent = made.routes.emplace();
  intent.unlisted = one_of(routes::Unlisted::kRemove);
  intent.on_conflict = one_of(routes::OnConflict::kTakeOver);
  intent.mode = one_of(Mode::kEnforce);
  for (std::size_t i = below(40); i > 0; --i) {
    const routes::RouteKey at = key();
    intent.routes.push_back({at, value(at.destination.address.family)});
  }
  std::sort(intent.routes.begin(), intent.routes.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  intent.routes.erase(std::unique(intent.routes.begin(), intent.routes.end(),
                                  [](const auto& a, const auto& b) { return a.key == b.key; }),
                      intent.routes.end());
  if (maybe()) intent.ignore = {{"cali*", 0}, {"", 80}};
  return made;
}

decltype(session::HostEvent::what) AnyMessage::body() {
  const routes::RouteKey at = key();
  const Family family = at.destination.address.family;
  switch (below(4)) {
    case 0: {
      session::RouteChange change{at, one_of(session::ChangeKind::kVanished), {}, {}, static_cast<std::uint8_t>(below(256)), {}};
      if (maybe()) change.before = value(family);
      if (maybe()) change.after = value(family);
      if (maybe()) change.author = author();
      return change;
    }
    case 1:
      return session::RouteRepair{at, one_of(session::RepairOutcome::kReportOnly), text(256), Nanoseconds{below(1u << 30)},
                                  EventSequence{below(1000)}};
    case 2:
      return session::GenerationResult{Generation{random_()}, Revision{std::string(64, 'b')},
                                       one_of(session::GenerationOutcome::kTrial), text(256), objects(5), 1, 2, 3,
                                       Nanoseconds{below(1u << 30)}, probes(), Milliseconds{below(100'000)}};
    default: return session::ObserverNotice{session::ResourceType::kRoutes, text(64), text(256)};
  }
}

std::vector<trial::ProbeResult> AnyMessage::probes() {
  std::vector<trial::ProbeResult> all;
  for (std::size_t i = below(4); i > 0; --i) {
    trial::ProbeTarget target{one_of(trial::ProbeKind::kInbound), text(64), {}, 0};
    const bool has_port = target.kind == trial::ProbeKind::kTcp || target.kind == trial::ProbeKind::kInbound;
    if (has_port) target.port = static_cast<std::uint16_t>(1 + below(65'535));
    all.push_back({std::move(target), maybe(), text(256), Nanoseconds{below(1u << 30)}});
  }
  return all;
}

session::HostEvent AnyMessage::event(std::uint64_t sequence) { return {EventSequence{sequence}, time(), body()}; }

session::GenerationStatus AnyMessage::status() {
  return {session::ResourceType::kRoutes, Generation{random_()}, Generation{random_()}, Generation{random_()}, text(256),
          Generation{below(3)}, Milliseconds{below(100'000)}};
}

std::vector<session::ValueDigest> AnyMessage::held() {
  if (maybe()) return {};
  return {{session::ResourceType::kRoutes, digest()}};
}

session::ToCollector AnyMessage::to_collector() {
  switch (below(6)) {
    case 0:
      return session::Hello{HostId{"pay-web-01"}, session::kProtocolVersion, text(20), text(36), text(36), held(),
                            EventSequence{7 + below(9)}, EventSequence{below(8)}, status(), time()};
    case 1: {
      session::Heartbeat beat{random_(), {}, time(), EventSequence{random_()}};
      beat.observers.push_back({session::ResourceType::kRoutes, digest(), random_(), text(256), Milliseconds{below(99999)}});
      if (maybe()) beat.observers.back().digest.reset();
      return beat;
    }
    case 2: {
      session::ValueReport value;
      value.routes = report(below(40));
      value.payload = wire::encode(value.routes);
      value.digest = digest_of(value.payload);
      return value;
    }
    case 3: {
      session::EventBatch batch{EventSequence{1 + below(1000)}, {}, below(5)};
      std::uint64_t next = batch.first.value;
      for (std::size_t i = 1 + below(20); i > 0; --i) batch.events.push_back(event(std::exchange(next, next + 1 + below(2))));
      return batch;
    }
    case 4: return session::Contact{HostId{"pay-web-01"}, Generation{random_()}, one_of(session::ContactPhase::kAfter), text(36), {22, 443}};
    default: return status();
  }
}

session::ToAgent AnyMessage::to_agent() {
  switch (below(7)) {
    case 0:
      return session::Welcome{SessionId{text(32)}, EventSequence{random_()}, held(), Milliseconds{1000 + below(3'599'000)},
                              Generation{random_()}, text(20)};
    case 1: return session::EventAck{EventSequence{random_()}};
    case 2: return session::ValueAck{session::ResourceType::kRoutes, digest()};
    case 3: return session::ValueRequest{};
    case 4: return session::DesiredOffer{desired()};
    case 5: return session::ContactReply{Generation{random_()}, maybe(), text(256), probes()};
    default: return session::Goodbye{text(256), Milliseconds{below(3'600'001)}};
  }
}

session::DriftRecord AnyMessage::drift() {
  session::DriftRecord made;
  made.id = DriftId{random_()};
  made.host = HostId{"pay-web-01"};
  made.key = key();
  made.kind = one_of(DriftKind::kChanged);
  if (maybe()) made.state = one_of(routes::RouteState::kContested);
  made.opened = time();
  if (maybe()) made.closed = time();
  if (maybe()) made.happened = time();
  if (maybe()) made.change = one_of(session::ChangeKind::kVanished);
  if (maybe()) made.author = author();
  made.count = static_cast<std::uint32_t>(1 + below(9));
  made.outcome = one_of(session::DriftOutcome::kContested);
  made.repair_latency = Nanoseconds{below(1u << 30)};
  if (maybe()) made.desired = value(made.key.destination.address.family);
  if (maybe()) made.observed = value(made.key.destination.address.family);
  made.reason = text(256);
  return made;
}

}  // namespace ondol::fakes
