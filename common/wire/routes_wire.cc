#include "common/wire/routes_wire.h"

#include <algorithm>

#include "common/wire/bounds.h"
#include "common/wire/trial_wire.h"

namespace ondol::wire {
namespace {

using wire::from_wire;  // beside the overloads of this file
using wire::to_wire;

constexpr std::size_t kMaxEncapsulation = 512;  // hexadecimal digits: seg6 with a dozen segments
constexpr std::size_t kMaxUnmodelled = 256;     // hexadecimal digits
constexpr std::size_t kMaxNexthopsInAll = 250'000;                    // of one value, 64 bytes each at most
constexpr std::size_t kMaxEncapsulationInAll = 8 * 1024 * 1024;      // bytes of one value
constexpr std::size_t kMaxIgnorePatterns = 256;
constexpr std::size_t kMaxGlob = 64;
constexpr std::size_t kMaxRevision = 64;

static_assert(static_cast<int>(routes::RouteType::kProhibit) == v1::ROUTE_TYPE_PROHIBIT);
static_assert(static_cast<int>(routes::Ownership::kOverwritten) == v1::ROUTE_OWNERSHIP_OVERWRITTEN);
static_assert(static_cast<int>(routes::Unlisted::kRemove) == v1::UNLISTED_POLICY_REMOVE);
static_assert(static_cast<int>(routes::Unlisted::kIgnore) == v1::UNLISTED_POLICY_IGNORE);
static_assert(static_cast<int>(routes::OnConflict::kTakeOver) == v1::CONFLICT_POLICY_TAKE_OVER);
static_assert(static_cast<int>(Mode::kEnforce) == v1::MODE_ENFORCE);

std::string octets_of(const IpAddress& address) {
  const auto octets = address.octets();
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

Result<IpAddress> address_from(const std::string& bytes) {
  return address_from_bytes({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

Result<std::optional<IpAddress>> optional_address(const std::string& bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto address = address_from(bytes);
  if (!address) return fail(address.error());
  return *address;
}

Result<IpPrefix> prefix_from(const std::string& bytes, std::uint32_t length) {
  const auto address = address_from(bytes);
  if (!address) return fail(address.error());
  if (length > static_cast<std::uint32_t>(address_bits(address->family))) {
    return fail(Errc::kInvalidInput, "a prefix length of " + std::to_string(length));
  }
  const IpPrefix prefix{*address, static_cast<std::uint8_t>(length)};
  if (masked(prefix) != prefix) return fail(Errc::kInvalidInput, "host bits set in " + render(prefix));
  return prefix;
}

v1::AddressFamily family_to_wire(Family family) {
  switch (family) {
    case Family::kIpv4: return v1::ADDRESS_FAMILY_IPV4;
    case Family::kIpv6: return v1::ADDRESS_FAMILY_IPV6;
  }
  return v1::ADDRESS_FAMILY_UNSPECIFIED;
}

v1::Nexthop to_wire(const routes::Nexthop& nexthop) {
  v1::Nexthop out;
  if (nexthop.gateway) out.set_gateway(octets_of(*nexthop.gateway));
  out.set_interface(std::string(nexthop.interface.view()));
  out.set_weight(nexthop.weight);
  out.set_onlink(nexthop.onlink);
  out.set_encapsulation(bounded_text(nexthop.encapsulation, kMaxEncapsulation));
  return out;
}

Result<routes::Nexthop> from_wire(const v1::Nexthop& nexthop) {
  routes::Nexthop out;
  auto gateway = optional_address(nexthop.gateway());
  if (!gateway) return fail(gateway.error());
  out.gateway = *gateway;
  const auto interface = routes::InterfaceName::make(nexthop.interface());
  if (!interface || nexthop.interface().find('\0') != std::string::npos) {
    return fail(Errc::kInvalidInput, "an interface name that no kernel gives");
  }
  out.interface = *interface;
  if (nexthop.weight() > 256) return fail(Errc::kInvalidInput, "a nexthop weight above 256");
  out.weight = static_cast<std::uint16_t>(std::max<std::uint32_t>(nexthop.weight(), 1));
  out.onlink = nexthop.onlink();
  ONDOL_TRY(checked_text(nexthop.encapsulation(), kMaxEncapsulation, "encapsulation"));
  out.encapsulation = nexthop.encapsulation();
  return out;
}

v1::ObservedRoute to_wire(const routes::ObservedRoute& route) {
  v1::ObservedRoute out;
  *out.mutable_key() = to_wire(route.route.key);
  *out.mutable_value() = to_wire(route.route.value);
  out.set_protocol(route.protocol);
  out.set_ownership(static_cast<v1::RouteOwnership>(route.ownership));
  return out;
}

template <typename Message>
Result<routes::Route> route_from(const Message& message) {
  auto key = from_wire(message.key());
  if (!key) return fail(key.error());
  auto value = from_wire(message.value());
  if (!value) return fail(value.error());
  return routes::Route{*std::move(key), *std::move(value)};
}

Result<routes::ObservedRoute> from_wire(const v1::ObservedRoute& route) {
  auto plain = route_from(route);
  if (!plain) return fail(plain.error());
  const auto protocol = checked_byte(route.protocol(), "a route protocol");
  if (!protocol) return fail(protocol.error());
  const auto ownership =
      closed_enum<routes::Ownership>(route.ownership(), v1::RouteOwnership_IsValid, "route ownership");
  if (!ownership) return fail(ownership.error());
  return routes::ObservedRoute{*std::move(plain), *protocol, *ownership};
}

// How many routes from the front one value takes: also enormous multipath routes must not strand their host.
std::size_t listable(const std::vector<routes::ObservedRoute>& routes) {
  const std::size_t most = std::min(routes.size(), kMaxRoutes);
  std::size_t nexthops = 0;
  std::size_t encapsulation = 0;  // bytes
  for (std::size_t i = 0; i < most; ++i) {
    for (const routes::Nexthop& hop : routes[i].route.value.nexthops) encapsulation += hop.encapsulation.size();
    nexthops += std::min(routes[i].route.value.nexthops.size(), kMaxNexthops);
    if (nexthops > kMaxNexthopsInAll || encapsulation > kMaxEncapsulationInAll) return i;
  }
  return most;
}

Result<void> read_counted(const v1::RoutesValue& value, routes::RouteSnapshot& out) {
  for (const auto& count : value.only_counted()) {
    const auto protocol = checked_byte(count.protocol(), "a counted protocol");
    if (!protocol) return fail(protocol.error());
    if (!out.counted.empty() && out.counted.back().first >= *protocol) {
      return fail(Errc::kInvalidInput, "counted protocols are not in order");
    }
    out.counted.emplace_back(*protocol, count.routes());
  }
  return {};
}

Result<routes::RouteSnapshot> snapshot_from(const v1::RoutesValue& value) {
  routes::RouteSnapshot out;
  out.routes.reserve(static_cast<std::size_t>(value.routes_size()));
  for (const auto& wire_route : value.routes()) {
    auto route = from_wire(wire_route);
    if (!route) return fail(route.error());
    if (!out.routes.empty() && route->route.key < out.routes.back().route.key) {
      return fail(Errc::kInvalidInput, "routes are not in order at " + render(route->route.key.destination));
    }
    out.routes.push_back(*std::move(route));
  }
  ONDOL_TRY(read_counted(value, out));
  out.policy_rules = value.policy_rules();
  out.truncated = value.truncated();
  out.compared = value.compared_routes();
  return out;
}

v1::RoutesIntent to_wire(const routes::RoutesIntent& intent) {
  v1::RoutesIntent out;
  for (const auto& route : intent.routes) {
    v1::DesiredRoute& added = *out.add_routes();
    *added.mutable_key() = to_wire(route.key);
    *added.mutable_value() = to_wire(route.value);
  }
  out.set_unlisted(static_cast<v1::UnlistedPolicy>(intent.unlisted));
  out.set_conflict(static_cast<v1::ConflictPolicy>(intent.on_conflict));
  for (const auto& pattern : intent.ignore) {
    v1::IgnorePattern& added = *out.add_ignore();
    added.set_interface(pattern.interface);
    added.set_protocol(pattern.protocol);
  }
  out.set_mode(static_cast<v1::Mode>(intent.mode));
  return out;
}

Result<void> read_policies(const v1::RoutesIntent& intent, routes::RoutesIntent& out) {
  const auto unlisted = closed_enum<routes::Unlisted>(intent.unlisted(), v1::UnlistedPolicy_IsValid, "unlisted");
  if (!unlisted) return fail(unlisted.error());
  const auto conflict = closed_enum<routes::OnConflict>(intent.conflict(), v1::ConflictPolicy_IsValid, "conflict");
  if (!conflict) return fail(conflict.error());
  const auto mode = closed_enum<Mode>(intent.mode(), v1::Mode_IsValid, "mode");
  if (!mode) return fail(mode.error());
  out.unlisted = *unlisted;
  out.on_conflict = *conflict;
  out.mode = *mode;
  return {};
}

Result<routes::RoutesIntent> from_wire(const v1::RoutesIntent& intent) {
  if (intent.routes_size() > static_cast<int>(kMaxRoutes)) return fail(Errc::kLimit, "more than 40,000 desired routes");
  if (intent.ignore_size() > static_cast<int>(kMaxIgnorePatterns)) return fail(Errc::kLimit, "over 256 ignore patterns");
  routes::RoutesIntent out;
  ONDOL_TRY(read_policies(intent, out));
  out.routes.reserve(static_cast<std::size_t>(intent.routes_size()));
  for (const auto& wire_route : intent.routes()) {
    auto route = route_from(wire_route);
    if (!route) return fail(route.error());
    if (!is_restorable(route->value)) return fail(Errc::kInvalidInput, "attributes that no intent can say");
    if (!out.routes.empty() && !(out.routes.back().key < route->key)) {
      return fail(Errc::kInvalidInput, "desired routes are not in order at " + render(route->key.destination));
    }
    out.routes.push_back(*std::move(route));
  }
  for (const auto& pattern : intent.ignore()) {
    ONDOL_TRY(checked_text(pattern.interface(), kMaxGlob, "an ignore pattern"));
    const auto protocol = checked_byte(pattern.protocol(), "an ignored protocol");
    if (!protocol) return fail(protocol.error());
    out.ignore.push_back({pattern.interface(), *protocol});
  }
  return out;
}

}  // namespace

v1::RouteKey to_wire(const routes::RouteKey& key) {
  v1::RouteKey out;
  out.set_family(family_to_wire(key.destination.address.family));
  out.set_table(key.table);
  out.set_destination(octets_of(key.destination.address));
  out.set_destination_length(key.destination.length);
  out.set_metric(key.metric);
  if (key.source) {
    out.set_source(octets_of(key.source->address));
    out.set_source_length(key.source->length);
  }
  return out;
}

Result<routes::RouteKey> from_wire(const v1::RouteKey& key) {
  routes::RouteKey out;
  if (key.table() == 0) return fail(Errc::kInvalidInput, "a route in table 0");
  out.table = key.table();
  out.metric = key.metric();
  const auto destination = prefix_from(key.destination(), key.destination_length());
  if (!destination) return fail(destination.error());
  out.destination = *destination;
  if (key.family() != family_to_wire(destination->address.family)) {
    return fail(Errc::kInvalidInput, "the address family of " + render(*destination) + " does not fit");
  }
  if (key.source().empty()) {
    if (key.source_length() != 0) return fail(Errc::kInvalidInput, "a source length without a source");
    return out;
  }
  const auto source = prefix_from(key.source(), key.source_length());
  if (!source) return fail(source.error());
  if (source->address.family != Family::kIpv6 || destination->address.family != Family::kIpv6) {
    return fail(Errc::kInvalidInput, "a source prefix that is not IPv6");
  }
  out.source = *source;
  return out;
}

v1::RouteValue to_wire(const routes::RouteValue& value) {
  v1::RouteValue out;
  out.set_type(static_cast<v1::RouteType>(value.type));
  const std::size_t nexthops = std::min(value.nexthops.size(), kMaxNexthops);
  for (std::size_t i = 0; i < nexthops; ++i) *out.add_nexthops() = to_wire(value.nexthops[i]);
  if (value.preferred_source) out.set_preferred_source(octets_of(*value.preferred_source));
  out.set_mtu(value.mtu);
  out.set_has_scope(value.scope.has_value());
  out.set_scope(value.scope.value_or(0));
  out.set_unmodelled(value.unmodelled.substr(0, kMaxUnmodelled));
  return out;
}

Result<routes::RouteValue> from_wire(const v1::RouteValue& value) {
  routes::RouteValue out;
  const auto type = closed_enum<routes::RouteType>(value.type(), v1::RouteType_IsValid, "route type");
  if (!type) return fail(type.error());
  out.type = *type;
  if (value.nexthops_size() > static_cast<int>(kMaxNexthops)) return fail(Errc::kLimit, "more than 64 nexthops");
  for (const auto& wire_nexthop : value.nexthops()) {
    auto nexthop = from_wire(wire_nexthop);
    if (!nexthop) return fail(nexthop.error());
    out.nexthops.push_back(*std::move(nexthop));
  }
  std::sort(out.nexthops.begin(), out.nexthops.end());
  const auto preferred = optional_address(value.preferred_source());
  if (!preferred) return fail(preferred.error());
  out.preferred_source = *preferred;
  out.mtu = value.mtu();
  const auto scope = checked_byte(value.scope(), "a route scope");
  if (!scope) return fail(scope.error());
  if (value.has_scope()) out.scope = *scope;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (value.unmodelled().size() > kMaxUnmodelled || !std::ranges::all_of(value.unmodelled(), is_hex)) {
    return fail(Errc::kInvalidInput, "unmodelled attributes that are not hexadecimal");
  }
  out.unmodelled = value.unmodelled();
  return out;
}

v1::RoutesValue to_wire(const session::RoutesReport& report) {
  v1::RoutesValue out;
  const auto& seen = report.snapshot;
  const std::size_t listed = listable(seen.routes);
  out.mutable_routes()->Reserve(static_cast<int>(listed));
  for (std::size_t i = 0; i < listed; ++i) *out.add_routes() = to_wire(seen.routes[i]);
  const std::size_t states = std::min(report.not_in_sync.size(), kMaxRoutes);
  for (std::size_t i = 0; i < states; ++i) *out.add_not_in_sync() = to_wire(report.not_in_sync[i]);
  for (const auto& [protocol, count] : seen.counted) {
    v1::ProtocolCount& added = *out.add_only_counted();
    added.set_protocol(protocol);
    added.set_routes(count);
  }
  out.set_policy_rules(seen.policy_rules);
  out.set_truncated(seen.truncated || listed < seen.routes.size() || states < report.not_in_sync.size());
  out.set_compared_routes(seen.compared);
  return out;
}

Result<session::RoutesReport> from_wire(const v1::RoutesValue& value) {
  if (value.routes_size() > static_cast<int>(kMaxRoutes) || value.not_in_sync_size() > static_cast<int>(kMaxRoutes)) {
    return fail(Errc::kLimit, "more than 40,000 routes");
  }
  auto snapshot = snapshot_from(value);
  if (!snapshot) return fail(snapshot.error());
  session::RoutesReport out;
  out.snapshot = *std::move(snapshot);
  for (const auto& wire_state : value.not_in_sync()) {
    auto state = from_wire(wire_state);
    if (!state) return fail(state.error());
    if (!out.not_in_sync.empty() && state->key < out.not_in_sync.back().key) {
      return fail(Errc::kInvalidInput, "object states are not in order");
    }
    out.not_in_sync.push_back(*std::move(state));
  }
  return out;
}

v1::DesiredState to_wire(const DesiredState& state) {
  v1::DesiredState out;
  out.set_generation(state.generation.value);
  out.set_revision(bounded_text(state.revision.value, kMaxRevision));
  if (state.routes) *out.mutable_routes() = to_wire(*state.routes);
  out.set_allow_mass_delete(state.allow_mass_delete);
  if (state.trial != trial::TrialRules{}) *out.mutable_trial() = to_wire(state.trial);
  return out;
}

Result<DesiredState> from_wire(const v1::DesiredState& state) {
  DesiredState out;
  out.generation = Generation{state.generation()};
  ONDOL_TRY(checked_text(state.revision(), kMaxRevision, "a revision"));
  out.revision = Revision{state.revision()};
  out.allow_mass_delete = state.allow_mass_delete();
  auto rules = from_wire(state.trial());
  if (!rules) return fail(rules.error());
  out.trial = *std::move(rules);
  if (!state.has_routes()) return out;
  auto intent = from_wire(state.routes());
  if (!intent) return fail(intent.error());
  out.routes = *std::move(intent);
  return out;
}

}  // namespace ondol::wire
