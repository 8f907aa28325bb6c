#include "tests/bench/routes/raw_netlink.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ondol::bench {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

RawRoute parse(const nlmsghdr* header) {
  const auto* fixed = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(header));
  RawRoute route;
  route.table = fixed->rtm_table;
  route.length = fixed->rtm_dst_len;
  route.protocol = fixed->rtm_protocol;
  route.type = fixed->rtm_type;
  const auto* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(header));
  const auto* attribute = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(header, sizeof(rtmsg)));
  for (; mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char*>(attribute)));
       attribute = mnl_attr_next(attribute)) {
    switch (mnl_attr_get_type(attribute)) {
      case RTA_DST:
        std::memcpy(route.destination, mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
        break;
      case RTA_TABLE:
        route.table = mnl_attr_get_u32(attribute);
        break;
      case RTA_PRIORITY:
        route.metric = mnl_attr_get_u32(attribute);
        break;
      case RTA_OIF:
        route.interface = static_cast<int>(mnl_attr_get_u32(attribute));
        break;
      case RTA_GATEWAY:
        route.gateway = mnl_attr_get_u32(attribute);
        break;
      default:
        break;
    }
  }
  return route;
}

void put_route(char* at, std::uint32_t number, bool is_last) {
  nlmsghdr* header = mnl_nlmsg_put_header(at);
  header->nlmsg_type = RTM_NEWROUTE;
  header->nlmsg_flags =
      static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | (is_last ? NLM_F_ACK : 0));
  header->nlmsg_seq = number;
  auto* fixed = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(rtmsg)));
  fixed->rtm_family = AF_INET;
  fixed->rtm_dst_len = 32;
  fixed->rtm_table = RT_TABLE_MAIN;
  fixed->rtm_protocol = 79;
  fixed->rtm_type = RTN_UNICAST;
  mnl_attr_put_u32(header, RTA_DST, htonl(0x0a640000U + number));
  mnl_attr_put_u32(header, RTA_GATEWAY, htonl(0x0a000002U));
}

}  // namespace

RawNetlink::RawNetlink(bool listening)
    : fd_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)), buffer_(kReadBytes) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (listening) address.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  const int size = 8 << 20;
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
  setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
  if (fd_ < 0 || bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) die("netlink");
}

RawNetlink::~RawNetlink() { close(fd_); }

std::vector<RawRoute> RawNetlink::dump_and_parse() {
  std::vector<RawRoute> routes;
  for (const unsigned char family : {AF_INET, AF_INET6}) {
    char request[64] = {};
    nlmsghdr* header = mnl_nlmsg_put_header(request);
    header->nlmsg_type = RTM_GETROUTE;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(rtmsg)))->rtm_family = family;
    if (send(fd_, request, header->nlmsg_len, 0) < 0) die("dump");
    for (bool is_done = false; !is_done;) {
      int left = static_cast<int>(recv(fd_, buffer_.data(), buffer_.size(), 0));
      if (left < 0) die("dump");
      const auto* message = reinterpret_cast<const nlmsghdr*>(buffer_.data());
      for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
        is_done = message->nlmsg_type == NLMSG_DONE;
        if (message->nlmsg_type == RTM_NEWROUTE) routes.push_back(parse(message));
      }
    }
  }
  return routes;
}

void RawNetlink::add_routes(int count) {
  std::vector<char> batch(kReadBytes);
  constexpr int kMessageBytes = NLMSG_HDRLEN + sizeof(rtmsg) + 2 * 8;
  constexpr int kPerBatch = kReadBytes / kMessageBytes;
  for (int next = 0; next < count;) {
    const int end = std::min(count, next + kPerBatch);
    std::size_t used = 0;
    for (; next < end; ++next, used += kMessageBytes)
      put_route(batch.data() + used, static_cast<std::uint32_t>(next), next + 1 == end);
    if (send(fd_, batch.data(), used, 0) < 0 || recv(fd_, buffer_.data(), buffer_.size(), 0) < 0) die("add");
    const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer_.data());
    if (answer->nlmsg_type != NLMSG_ERROR ||
        static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(answer))->error != 0)
      die("add refused");
  }
}

std::size_t RawNetlink::count_events() {
  std::size_t count = 0;
  while (recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT) > 0) ++count;
  return count;
}

}  // namespace ondol::bench
