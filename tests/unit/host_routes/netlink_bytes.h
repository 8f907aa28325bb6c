// Netlink messages built byte by byte, so that a test can also build what no kernel sends.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "agent/host/routes/decode_rtnetlink.h"

namespace ondol::routes {

using ByteList = std::vector<std::uint8_t>;

template <typename T>
ByteList bytes_of(const T& value) {
  ByteList bytes(sizeof(T));
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

inline ByteList address_bytes_of(const std::string& text) {
  const IpAddress address = parse_address(text).value();
  return {address.octets().begin(), address.octets().end()};
}

inline void append(ByteList& to, const ByteList& more) {
  to.insert(to.end(), more.begin(), more.end());
  while (to.size() % 4 != 0) to.push_back(0);
}

inline ByteList attribute(std::uint16_t type, const ByteList& data) {
  ByteList bytes = bytes_of(nlattr{static_cast<std::uint16_t>(sizeof(nlattr) + data.size()), type});
  append(bytes, data);
  return bytes;
}

inline ByteList nexthop_bytes(int index, std::uint8_t hops, std::uint8_t flags, const ByteList& attributes) {
  rtnexthop fixed{};
  fixed.rtnh_len = static_cast<unsigned short>(sizeof(fixed) + attributes.size());
  fixed.rtnh_ifindex = index;
  fixed.rtnh_hops = hops;
  fixed.rtnh_flags = flags;
  ByteList bytes = bytes_of(fixed);
  append(bytes, attributes);
  return bytes;
}

inline rtmsg ipv4_header(std::uint8_t length) {
  rtmsg fixed{};
  fixed.rtm_family = AF_INET;
  fixed.rtm_dst_len = length;
  fixed.rtm_table = RT_TABLE_MAIN;
  fixed.rtm_protocol = RTPROT_STATIC;
  fixed.rtm_type = RTN_UNICAST;
  return fixed;
}

inline rtmsg ipv6_header(std::uint8_t length) {
  rtmsg fixed = ipv4_header(length);
  fixed.rtm_family = AF_INET6;
  return fixed;
}

// A whole message of a fixed header and attributes, and the view of it that a decoder takes.
struct BuiltMessage {
  ByteList body;
  std::uint16_t type = RTM_NEWROUTE;
  std::uint16_t flags = 0;

  BuiltMessage& add(const ByteList& piece) {
    append(body, piece);
    return *this;
  }
  Message view() const { return {type, flags, 1, 0, body}; }
  ByteList whole() const {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + body.size());
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    ByteList bytes = bytes_of(header);
    append(bytes, body);
    return bytes;
  }
};

template <typename Fixed>
BuiltMessage message_of(const Fixed& fixed, std::uint16_t type = RTM_NEWROUTE) {
  return {bytes_of(fixed), type, 0};
}

inline LinkTable two_links() {
  LinkTable links;
  links.put({1, InterfaceName::make("lo").value(), true, true});
  links.put({2, InterfaceName::make("eth0").value(), true, true});
  return links;
}

}  // namespace ondol::routes
