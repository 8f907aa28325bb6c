#include "agent/preflight/scratch/renumber_links.h"

#include <linux/if_addr.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "agent/host/routes/decode_rtnetlink.h"

namespace ondol::preflight {
namespace {

using Writable = std::span<std::uint8_t>;

constexpr int kLoopback = 1;

int number_of_copy(int index) { return index <= kLoopback || index > kMaxHostLink ? index : kFirstCopy + index; }

void renumber_at(Writable bytes) {
  int index = 0;
  if (bytes.size() < sizeof(index)) return;
  std::memcpy(&index, bytes.data(), sizeof(index));
  index = number_of_copy(index);
  std::memcpy(bytes.data(), &index, sizeof(index));
}

void renumber_hops(Writable bytes) {
  rtnexthop hop{};
  while (bytes.size() >= sizeof(hop)) {
    std::memcpy(&hop, bytes.data(), sizeof(hop));
    if (hop.rtnh_len < sizeof(hop)) return;
    renumber_at(bytes.subspan(offsetof(rtnexthop, rtnh_ifindex)));
    bytes = bytes.subspan(std::min<std::size_t>(bytes.size(), NLMSG_ALIGN(hop.rtnh_len)));
  }
}

// Within `all`, which `part` views.
Writable writable(Messages& all, routes::Bytes part) {
  return part.empty() ? Writable{} : Writable(all).subspan(static_cast<std::size_t>(part.data() - all.data()), part.size());
}

void renumber_attributes(Messages& all, routes::Bytes body, std::size_t fixed, std::uint16_t link, std::uint16_t several) {
  routes::Bytes rest = body.subspan(std::min<std::size_t>(body.size(), NLMSG_ALIGN(fixed)));
  while (const auto attribute = routes::next_attribute(rest)) {
    if (attribute->type == link) renumber_at(writable(all, attribute->data));
    if (several != 0 && attribute->type == several) renumber_hops(writable(all, attribute->data));
  }
}

void renumber_address(Messages& all, routes::Bytes body) {
  if (body.size() >= sizeof(ifaddrmsg)) renumber_at(writable(all, body).subspan(offsetof(ifaddrmsg, ifa_index)));
}

}  // namespace

void renumber_links(Question& question) {
  for (HostLink& link : question.links) link.index = number_of_copy(link.index);
  routes::Bytes rest = question.addresses;
  while (const auto message = routes::next_message(rest)) renumber_address(question.addresses, message->body);
  rest = question.nexthops;
  while (const auto message = routes::next_message(rest)) {
    renumber_attributes(question.nexthops, message->body, sizeof(nhmsg), NHA_OIF, 0);
  }
  rest = question.routes;
  while (const auto message = routes::next_message(rest)) {
    renumber_attributes(question.routes, message->body, sizeof(rtmsg), RTA_OIF, RTA_MULTIPATH);
  }
}

}  // namespace ondol::preflight
