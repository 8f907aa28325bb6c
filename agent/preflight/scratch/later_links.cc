#include "agent/preflight/scratch/later_links.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>

#include "agent/preflight/scratch/encode_links.h"
#include "agent/preflight/scratch/send_requests.h"

namespace ondol::preflight {
namespace {

constexpr int kLoopback = 1;

const HostLink* find(const std::vector<HostLink>& links, std::string_view name) {
  const auto found = std::ranges::find_if(links, [name](const HostLink& link) { return link.name.view() == name; });
  return found == links.end() ? nullptr : &*found;
}

const HostLink* find(const std::vector<HostLink>& links, int index) {
  const auto found = std::ranges::find(links, index, &HostLink::index);
  return found == links.end() ? nullptr : &*found;
}

std::vector<routes::InterfaceAddress> addresses_of(const Question& question) {
  std::vector<routes::InterfaceAddress> all;
  routes::Bytes rest = question.addresses;
  while (const auto message = routes::next_message(rest)) {
    if (const auto address = routes::decode_address(*message)) all.push_back(*address);
  }
  return all;
}

std::uint8_t kernel_family(const IpAddress& address) { return address.family == Family::kIpv4 ? AF_INET : AF_INET6; }

// The link will have an address in the network of its gateway; which one does not matter.
Request address_beside(int link, IpAddress gateway) {
  const auto bits = static_cast<std::uint8_t>(address_bits(gateway.family));
  gateway.bytes[bits / 8U - 1U] ^= 1;
  ifaddrmsg fixed{};
  fixed.ifa_family = kernel_family(gateway);
  fixed.ifa_prefixlen = bits;
  fixed.ifa_index = static_cast<std::uint32_t>(link);
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, fixed);
  request.put(IFA_LOCAL, gateway.octets());
  request.put_number<std::uint32_t>(IFA_FLAGS, IFA_F_NOPREFIXROUTE | (fixed.ifa_family == AF_INET6 ? IFA_F_NODAD : 0U));
  return request;
}

Request route_of(const routes::InterfaceAddress& own) {
  const IpPrefix network = masked(own.address);
  rtmsg fixed{};
  fixed.rtm_family = kernel_family(network.address);
  fixed.rtm_dst_len = network.length;
  fixed.rtm_table = RT_TABLE_MAIN;
  fixed.rtm_protocol = RTPROT_KERNEL;
  fixed.rtm_scope = RT_SCOPE_LINK;
  fixed.rtm_type = RTN_UNICAST;
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, fixed);
  request.put(RTA_DST, network.address.octets());
  request.put_number<int>(RTA_OIF, own.index);
  if (fixed.rtm_family == AF_INET) request.put(RTA_PREFSRC, own.address.address.octets());
  return request;
}

// Addresses and routes of `links`, which come up.
std::vector<Request> what_comes_with(const std::vector<HostLink>& links, const Question& later) {
  std::vector<Request> requests;
  for (const routes::InterfaceAddress& own : addresses_of(later)) {
    if (find(links, own.index) != nullptr) requests.push_back(route_of(own));
  }
  constexpr IpAddress kDummy{Family::kIpv4, {192, 0, 0, 9}};  // RFC 7600: stands for no host
  for (const HostLink& link : links) {
    if (link.index < kFirstLater) continue;
    for (const routes::RouteOp& operation : later.operations) {
      for (const routes::Nexthop& hop : operation.route.value.nexthops) {
        if (hop.interface == link.name) requests.push_back(address_beside(link.index, hop.gateway.value_or(kDummy)));
      }
    }
  }
  return requests;
}

Result<void> send(routes::RequestSocket& socket, const std::vector<Request>& requests) {
  const auto failures = send_requests(socket, requests);
  if (!failures) return fail(failures.error());
  return {};
}

}  // namespace

std::vector<HostLink> later_links(const Question& question) {
  std::vector<HostLink> links;
  const HostLink* loopback = find(question.links, kLoopback);
  for (const routes::RouteOp& operation : question.operations) {
    for (const routes::Nexthop& hop : operation.route.value.nexthops) {
      const std::string_view name = hop.interface.view();
      const bool is_known = name.empty() || find(question.links, name) != nullptr || find(links, name) != nullptr;
      if (is_known || links.size() >= kMaxLaterLinks) continue;
      links.push_back({kFirstLater + static_cast<int>(links.size()), hop.interface, true, true});
      if (loopback != nullptr) links.back().rp_filter = loopback->rp_filter;
    }
  }
  return links;
}

std::set<std::string> awaited_by(const routes::RouteOp& operation, const Question& question) {
  std::set<std::string> names;
  const auto own = addresses_of(question);
  for (const routes::Nexthop& hop : operation.route.value.nexthops) {
    const HostLink* link = find(question.links, hop.interface.view());
    if (!hop.interface.empty() && (link == nullptr || !link->up)) names.emplace(hop.interface.view());
    if (!hop.interface.empty() || !hop.gateway) continue;
    for (const routes::InterfaceAddress& address : own) {
      const HostLink* owner = find(question.links, address.index);
      const bool is_down = owner != nullptr && !owner->up && contains(masked(address.address), *hop.gateway);
      if (is_down) names.emplace(owner->name.view());
    }
  }
  return names;
}

Question with_links_there(const Question& question, const std::set<std::string>& awaited) {
  Question later;
  later.links = question.links;
  later.addresses = question.addresses;
  later.operations = question.operations;
  later.targets = question.targets;
  for (HostLink& link : later.links) {
    if (awaited.contains(std::string(link.name.view()))) link.up = link.running = true;
  }
  for (const HostLink& link : later_links(question)) {
    if (!awaited.contains(std::string(link.name.view()))) continue;
    later.links.push_back(link);
    for (routes::RouteOp& operation : later.operations) {
      for (routes::Nexthop& hop : operation.route.value.nexthops) {
        if (hop.interface == link.name && hop.gateway) hop.onlink = true;
      }
    }
  }
  return later;
}

Result<void> make_links_be_there(routes::RequestSocket& socket, const Question& now, const Question& later) {
  std::vector<HostLink> absent, rising;
  for (const HostLink& link : later.links) {
    const HostLink* before = find(now.links, link.index);
    if (before == nullptr) absent.push_back(link);
    if (before == nullptr || before->up != link.up || before->running != link.running) rising.push_back(link);
  }
  ONDOL_TRY(send(socket, encode_creation(absent)));
  ONDOL_TRY(send(socket, encode_settings(absent)));
  ONDOL_TRY(send(socket, encode_ipv6_settings(absent)));
  ONDOL_TRY(send(socket, encode_start(rising)));
  return send(socket, what_comes_with(rising, later));
}

}  // namespace ondol::preflight
