// Bytes of rtnetlink to values. Pure: no socket, no clock; every length is checked, so any bytes may be
// given.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/host/routes/link_table.h"
#include "agent/host/routes/nexthop_table.h"
#include "common/resources/routes/route.h"

namespace ondol::routes {

using Bytes = std::span<const std::uint8_t>;

// One netlink message; the body views the buffer it was read from.
struct Message {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  std::uint32_t port = 0;
  Bytes body;
};

struct Attribute {
  std::uint16_t type = 0;  // without the nested and byte-order flags
  Bytes data;
};

// Takes one message or attribute from the front of `rest`. Empty at the end and at the first one whose length
// is impossible; `rest` is empty then only if everything was well formed.
std::optional<Message> next_message(Bytes& rest);
std::optional<Attribute> next_attribute(Bytes& rest);

// What a route message is to us, from its fixed header alone (and RTA_TABLE when the table does not fit
// there).
enum class RouteLook : std::uint8_t {
  kNotLooked,  // local, broadcast, anycast, multicast, cloned, or neither IPv4 nor IPv6
  kCounted,    // never compared: its protocol is a daemon's, its table is not named, or it has a TOS
  kCompared,
  kMalformed,
};

// The tables whose routes are compared: `main` and the named ones.
class ComparedTables {
 public:
  ComparedTables() = default;
  explicit ComparedTables(std::vector<std::uint32_t> named);
  bool contains(std::uint32_t table) const;

 private:
  std::vector<std::uint32_t> sorted_{kMainTable};
};

struct Looked {
  RouteLook look = RouteLook::kMalformed;
  std::uint8_t protocol = 0;
};
Looked look_at_route(const Message& message, const ComparedTables& tables);

enum class Decoded : std::uint8_t {
  kWhole,
  kUnknownIndex,  // the tables lack an interface or nexthop object: they are older than the message. Else
                  // complete
  kMalformed,
};
// Fills `out`, normalised. Only for a message that look_at_route() called compared.
Decoded decode_route(const Message& message, const LinkTable& links, const NexthopTable& nexthops,
                     ObservedRoute& out);

// Under which key the kernel keeps this route, whatever its type and protocol. Empty: it is no route that a
// replace of ours could meet (cloned, with a TOS, neither IPv4 nor IPv6) or is malformed.
std::optional<RouteKey> decode_route_key(const Message& message);

std::optional<LinkFacts> decode_link(const Message& message);  // RTM_NEWLINK and RTM_DELLINK of a device

struct InterfaceAddress {
  int index = 0;
  IpPrefix address;  // host bits kept
  bool operator==(const InterfaceAddress&) const = default;
};
std::optional<InterfaceAddress> decode_address(const Message& message);

std::optional<NexthopObject> decode_nexthop(const Message& message, const LinkTable& links);

struct Answer {
  int error_number = 0;  // 0 = acknowledged
  std::string text;      // extended-ack text; empty when the kernel gave none
};
std::optional<Answer> decode_answer(const Message& message);  // NLMSG_ERROR

std::optional<int> decode_done(const Message& message);  // NLMSG_DONE: 0, or the errno that ended the dump

}  // namespace ondol::routes
