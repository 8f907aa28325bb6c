#include "common/resources/routes/route_codec.h"

#include <algorithm>

namespace ondol::routes {

void put(ByteWriter& out, const IpAddress& address) {
  out.u8(static_cast<std::uint8_t>(address.family));
  out.raw({reinterpret_cast<const char*>(address.bytes.data()), address.octets().size()});
}
void get(ByteReader& in, IpAddress& address) {
  const std::uint8_t family = in.u8();
  if (family != 4 && family != 6) return in.spoil();
  address.family = static_cast<Family>(family);
  const std::string_view raw = in.raw(static_cast<std::size_t>(address_bytes(address.family)));
  std::copy(raw.begin(), raw.end(), address.bytes.begin());
}

namespace {

using routes::get;
using routes::put;

constexpr std::uint32_t kMaxNexthops = 256;

void put(ByteWriter& out, const IpPrefix& prefix) {
  put(out, prefix.address);
  out.u8(prefix.length);
}
void get(ByteReader& in, IpPrefix& prefix) {
  get(in, prefix.address);
  prefix.length = in.u8();
  if (prefix.length > address_bits(prefix.address.family)) in.spoil();
}

void put(ByteWriter& out, std::uint8_t value) { out.u8(value); }
void get(ByteReader& in, std::uint8_t& value) { value = in.u8(); }

template <typename T>
void put(ByteWriter& out, const std::optional<T>& value) {
  out.u8(value ? 1 : 0);
  if (value) put(out, *value);
}
template <typename T>
void get(ByteReader& in, std::optional<T>& value) {
  if (in.u8() == 0) return;
  get(in, value.emplace());
}

void put(ByteWriter& out, const Nexthop& hop) {
  put(out, hop.gateway);
  out.text(hop.interface.view());
  out.u32(hop.weight);
  out.u8(hop.onlink ? 1 : 0);
  out.text(hop.encapsulation);
}
void get(ByteReader& in, Nexthop& hop) {
  get(in, hop.gateway);
  const auto name = InterfaceName::make(in.text(64));
  if (!name) return in.spoil();
  hop.interface = *name;
  hop.weight = static_cast<std::uint16_t>(in.u32());
  hop.onlink = in.u8() != 0;
  hop.encapsulation = in.text(65'536);
}

}  // namespace

void put(ByteWriter& out, const RouteKey& key) {
  out.u32(key.table);
  put(out, key.destination);
  out.u32(key.metric);
  put(out, key.source);
}
void get(ByteReader& in, RouteKey& key) {
  key.table = in.u32();
  get(in, key.destination);
  key.metric = in.u32();
  get(in, key.source);
}

void put(ByteWriter& out, const RouteValue& value) {
  out.u8(static_cast<std::uint8_t>(value.type));
  out.u32(static_cast<std::uint32_t>(value.nexthops.size()));
  for (const Nexthop& hop : value.nexthops) put(out, hop);
  put(out, value.preferred_source);
  out.u32(value.mtu);
  put(out, value.scope);
}
void get(ByteReader& in, RouteValue& value) {
  const std::uint8_t type = in.u8();
  if (type < 1 || type > 4) return in.spoil();
  value.type = static_cast<RouteType>(type);
  for (std::uint32_t left = in.count(kMaxNexthops); left > 0 && in.good(); --left) {
    get(in, value.nexthops.emplace_back());
  }
  get(in, value.preferred_source);
  value.mtu = in.u32();
  get(in, value.scope);
}

void put(ByteWriter& out, const ObservedRoute& route) {
  put(out, route.route.key);
  put(out, route.route.value);
  out.u8(route.protocol);
  out.u8(static_cast<std::uint8_t>(route.ownership));
}
void get(ByteReader& in, ObservedRoute& route) {
  get(in, route.route.key);
  get(in, route.route.value);
  route.protocol = in.u8();
  const std::uint8_t ownership = in.u8();
  if (ownership < 1 || ownership > 3) return in.spoil();
  route.ownership = static_cast<Ownership>(ownership);
}

void put(ByteWriter& out, const RouteOp& op) {
  out.u8(static_cast<std::uint8_t>(op.kind));
  put(out, op.route.key);
  put(out, op.route.value);
  out.u8(op.protocol);
  put(out, op.before);
  out.u8(op.beside ? 1 : 0);
}
void get(ByteReader& in, RouteOp& op) {
  const std::uint8_t kind = in.u8();
  if (kind < 1 || kind > 4) return in.spoil();
  op.kind = static_cast<OpKind>(kind);
  get(in, op.route.key);
  get(in, op.route.value);
  op.protocol = in.u8();
  get(in, op.before);
  op.beside = in.u8() != 0;
}

}  // namespace ondol::routes
