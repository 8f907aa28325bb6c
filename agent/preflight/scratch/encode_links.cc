#include "agent/preflight/scratch/encode_links.h"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>

namespace ondol::preflight {
namespace {

constexpr int kLoopback = 1;
constexpr std::uint32_t kLeastMtu = 68, kMostMtu = 65535;  // of a virtual link

ifinfomsg header_for(int index, unsigned flags = 0) {
  ifinfomsg fixed{};
  fixed.ifi_family = AF_UNSPEC;
  fixed.ifi_index = index;
  fixed.ifi_flags = flags;
  fixed.ifi_change = flags;
  return fixed;
}

// Else the kernel makes one of each a processor, for every link.
void put_one_queue(Request& request) {
  request.put_number<std::uint32_t>(IFLA_NUM_TX_QUEUES, 1);
  request.put_number<std::uint32_t>(IFLA_NUM_RX_QUEUES, 1);
}

Request create(const HostLink& link) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header_for(link.index));
  request.put_name(IFLA_IFNAME, link.name.view());
  request.put_number<std::uint32_t>(IFLA_GROUP, kLinkGroup);
  put_one_queue(request);
  if (link.mtu != 0) request.put_number(IFLA_MTU, std::clamp(link.mtu, kLeastMtu, kMostMtu));
  const std::size_t info = request.open(IFLA_LINKINFO);
  request.put_name(IFLA_INFO_KIND, "veth");
  const std::size_t data = request.open(IFLA_INFO_DATA);
  const std::size_t peer = request.open(VETH_INFO_PEER);
  request.append_fixed(header_for(kFirstPeer + link.index));
  request.put_name(IFLA_IFNAME, fmt::format("~{}", link.index));
  request.put_number<std::uint32_t>(IFLA_GROUP, kLinkGroup);
  put_one_queue(request);
  request.close(peer);
  request.close(data);
  request.close(info);
  return request;
}

Request set_ipv4(const HostLink& link) {
  Request request(RTM_NEWLINK, 0, header_for(link.index));
  const std::size_t spec = request.open(IFLA_AF_SPEC);
  const std::size_t family = request.open(AF_INET);
  const std::size_t settings = request.open(IFLA_INET_CONF);
  request.put_number<std::uint32_t>(IPV4_DEVCONF_RP_FILTER, link.rp_filter);
  request.put_number<std::uint32_t>(IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN, link.ignores_linkdown ? 1 : 0);
  request.close(settings);
  request.close(family);
  request.close(spec);
  return request;
}

// No link-local addresses of its own: those of the host are replayed.
Request set_ipv6(int index) {
  Request request(RTM_NEWLINK, 0, header_for(index));
  const std::size_t spec = request.open(IFLA_AF_SPEC);
  const std::size_t family = request.open(AF_INET6);
  request.put_number<std::uint8_t>(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  request.close(family);
  request.close(spec);
  return request;
}

}  // namespace

std::vector<Request> encode_creation(std::span<const HostLink> links) {
  std::vector<Request> requests;
  for (const HostLink& link : links) {
    if (link.index != kLoopback) requests.push_back(create(link));
  }
  return requests;
}

std::vector<Request> encode_settings(std::span<const HostLink> links) {
  std::vector<Request> requests;
  for (const HostLink& link : links) {
    if (link.index != kLoopback) requests.push_back(set_ipv4(link));
  }
  return requests;
}

std::vector<Request> encode_ipv6_settings(std::span<const HostLink> links) {
  std::vector<Request> requests;
  for (const HostLink& link : links) {
    if (link.index == kLoopback) continue;
    requests.push_back(set_ipv6(link.index));
    requests.push_back(set_ipv6(kFirstPeer + link.index));
  }
  return requests;
}

std::vector<Request> encode_start(std::span<const HostLink> links) {
  std::vector<Request> requests;
  for (const HostLink& link : links) {
    if (link.index != kLoopback && link.running) requests.push_back(encode_up(kFirstPeer + link.index));
  }
  for (const HostLink& link : links) {
    if (link.index != kLoopback && link.up) requests.push_back(encode_up(link.index));
  }
  return requests;
}

Request encode_removal() {
  Request request(RTM_DELLINK, 0, header_for(0));
  request.put_number<std::uint32_t>(IFLA_GROUP, kLinkGroup);
  return request;
}

Request encode_name(int index, std::string_view name) {
  Request request(RTM_NEWLINK, 0, header_for(index));
  request.put_name(IFLA_IFNAME, name);
  return request;
}

Request encode_up(int index) { return Request(RTM_NEWLINK, 0, header_for(index, IFF_UP)); }

}  // namespace ondol::preflight
