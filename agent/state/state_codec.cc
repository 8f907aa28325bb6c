#include "agent/state/state_codec.h"

#include <algorithm>

#include "agent/state/byte_stream.h"
#include "common/wire/routes_wire.h"

namespace ondol::agent {
namespace {

constexpr std::uint32_t kMaxObjects = 200'000;  // operations or keys
constexpr std::uint32_t kMaxNexthops = 256;
constexpr std::uint32_t kMaxText = 64u << 20;   // a desired state is the longest

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
void put(ByteWriter& out, const routes::ObservedRoute& route);
void get(ByteReader& in, routes::ObservedRoute& route);

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

void put(ByteWriter& out, const routes::RouteKey& key) {
  out.u32(key.table);
  put(out, key.destination);
  out.u32(key.metric);
  put(out, key.source);
}
void get(ByteReader& in, routes::RouteKey& key) {
  key.table = in.u32();
  get(in, key.destination);
  key.metric = in.u32();
  get(in, key.source);
}

void put(ByteWriter& out, const routes::Nexthop& hop) {
  put(out, hop.gateway);
  out.text(hop.interface.view());
  out.u32(hop.weight);
  out.u8(hop.onlink ? 1 : 0);
  out.text(hop.encapsulation);
}
void get(ByteReader& in, routes::Nexthop& hop) {
  get(in, hop.gateway);
  const auto name = routes::InterfaceName::make(in.text(64));
  if (!name) return in.spoil();
  hop.interface = *name;
  hop.weight = static_cast<std::uint16_t>(in.u32());
  hop.onlink = in.u8() != 0;
  hop.encapsulation = in.text(65'536);
}

// Without what is unmodelled: no operation and no inverse writes it.
void put(ByteWriter& out, const routes::RouteValue& value) {
  out.u8(static_cast<std::uint8_t>(value.type));
  out.u32(static_cast<std::uint32_t>(value.nexthops.size()));
  for (const routes::Nexthop& hop : value.nexthops) put(out, hop);
  put(out, value.preferred_source);
  out.u32(value.mtu);
  put(out, value.scope);
}
void get(ByteReader& in, routes::RouteValue& value) {
  const std::uint8_t type = in.u8();
  if (type < 1 || type > 4) return in.spoil();
  value.type = static_cast<routes::RouteType>(type);
  for (std::uint32_t left = in.count(kMaxNexthops); left > 0 && in.good(); --left) {
    get(in, value.nexthops.emplace_back());
  }
  get(in, value.preferred_source);
  value.mtu = in.u32();
  get(in, value.scope);
}

void put(ByteWriter& out, const routes::ObservedRoute& route) {
  put(out, route.route.key);
  put(out, route.route.value);
  out.u8(route.protocol);
  out.u8(static_cast<std::uint8_t>(route.ownership));
}
void get(ByteReader& in, routes::ObservedRoute& route) {
  get(in, route.route.key);
  get(in, route.route.value);
  route.protocol = in.u8();
  const std::uint8_t ownership = in.u8();
  if (ownership < 1 || ownership > 3) return in.spoil();
  route.ownership = static_cast<routes::Ownership>(ownership);
}

void put(ByteWriter& out, const routes::RouteOp& op) {
  out.u8(static_cast<std::uint8_t>(op.kind));
  put(out, op.route.key);
  put(out, op.route.value);
  out.u8(op.protocol);
  put(out, op.before);
  out.u8(op.beside ? 1 : 0);
}
void get(ByteReader& in, routes::RouteOp& op) {
  const std::uint8_t kind = in.u8();
  if (kind < 1 || kind > 4) return in.spoil();
  op.kind = static_cast<routes::OpKind>(kind);
  get(in, op.route.key);
  get(in, op.route.value);
  op.protocol = in.u8();
  get(in, op.before);
  op.beside = in.u8() != 0;
}

template <typename T>
Result<T> checked(ByteReader& in, T value, const char* what) {
  if (!in.good() || !in.at_end()) return fail(Errc::kCorrupt, std::string("is not a ") + what);
  return value;
}

}  // namespace

std::string encode(const Journal& journal) {
  ByteWriter out;
  out.text(wire::encode(journal.candidate));
  out.u32(static_cast<std::uint32_t>(journal.inverse.size()));
  for (const routes::RouteOp& op : journal.inverse) put(out, op);
  out.text(journal.boot_id);
  out.u64(static_cast<std::uint64_t>(journal.deadline.time_since_epoch().count()));
  return std::move(out).take();
}

Result<Journal> decode_journal(std::string_view bytes) {
  ByteReader in(bytes);
  Journal journal;
  auto candidate = wire::decode_desired_state(in.text(kMaxText));
  for (std::uint32_t left = in.count(kMaxObjects); left > 0 && in.good(); --left) get(in, journal.inverse.emplace_back());
  journal.boot_id = in.text(128);
  journal.deadline = BootTime{Nanoseconds{static_cast<std::int64_t>(in.u64())}};
  if (!candidate) return fail(Errc::kCorrupt, "holds no desired state: " + candidate.error().message);
  journal.candidate = std::move(*candidate);
  return checked(in, std::move(journal), "journal");
}

std::string encode(const Ledger& ledger) {
  ByteWriter out;
  out.text(ledger.boot_id);
  out.u32(static_cast<std::uint32_t>(ledger.entries.size()));
  for (const auto& [key, entry] : ledger.entries) {
    put(out, key);
    put(out, entry.value);
    out.u8(entry.made ? 1 : 0);
  }
  return std::move(out).take();
}

Result<Ledger> decode_ledger(std::string_view bytes) {
  ByteReader in(bytes);
  Ledger ledger;
  ledger.boot_id = in.text(128);
  for (std::uint32_t left = in.count(kMaxObjects); left > 0 && in.good(); --left) {
    routes::RouteKey key;
    LedgerEntry entry;
    get(in, key);
    get(in, entry.value);
    entry.made = in.u8() != 0;
    ledger.entries.emplace_hint(ledger.entries.end(), std::move(key), std::move(entry));
  }
  return checked(in, std::move(ledger), "ledger");
}

std::string encode(const Highest& highest) {
  ByteWriter out;
  out.u64(highest.generation.value);
  out.text(highest.revision.value);
  out.u8(highest.settled ? 1 : 0);
  return std::move(out).take();
}

Result<Highest> decode_highest(std::string_view bytes) {
  ByteReader in(bytes);
  Highest highest;
  highest.generation = Generation{in.u64()};
  highest.revision = Revision{std::string(in.text(1024))};
  highest.settled = in.u8() != 0;
  return checked(in, std::move(highest), "highest generation");
}

}  // namespace ondol::agent
