#include "agent/preflight/idle_links.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>

#include "agent/host/routes/decode_rtnetlink.h"

namespace ondol::preflight {
namespace {

using routes::Bytes;

constexpr int kLoopback = 1;

int number_in(Bytes data) {
  int number = 0;
  if (data.size() >= sizeof(number)) std::memcpy(&number, data.data(), sizeof(number));
  return number;
}

std::string text_in(Bytes data) {
  const std::string text(data.begin(), data.end());
  return text.substr(0, text.find('\0'));
}

class NamedLinks {
 public:
  void add_addresses(Bytes messages) {
    while (const auto message = routes::next_message(messages)) {
      if (message->body.size() < sizeof(ifaddrmsg)) continue;
      numbers_.insert(number_in(message->body.subspan(offsetof(ifaddrmsg, ifa_index))));
    }
  }

  void add_numbers(Bytes messages, std::size_t fixed, std::uint16_t link, std::uint16_t several) {
    while (const auto message = routes::next_message(messages)) {
      Bytes rest = message->body.subspan(std::min<std::size_t>(message->body.size(), NLMSG_ALIGN(fixed)));
      while (const auto attribute = routes::next_attribute(rest)) {
        if (attribute->type == link) numbers_.insert(number_in(attribute->data));
        if (several != 0 && attribute->type == several) add_hops(attribute->data);
      }
    }
  }

  void add_rules(Bytes messages) {
    while (const auto message = routes::next_message(messages)) {
      Bytes rest = message->body.subspan(std::min<std::size_t>(message->body.size(), sizeof(fib_rule_hdr)));
      while (const auto attribute = routes::next_attribute(rest)) {
        if (attribute->type == FRA_IIFNAME || attribute->type == FRA_OIFNAME) names_.insert(text_in(attribute->data));
      }
    }
  }

  void add_operation(const routes::RouteOp& operation) {
    for (const routes::Nexthop& hop : operation.route.value.nexthops) names_.emplace(hop.interface.view());
    if (!operation.before) return;
    for (const routes::Nexthop& hop : operation.before->route.value.nexthops) names_.emplace(hop.interface.view());
  }

  bool has(const HostLink& link) const {
    return link.index == kLoopback || numbers_.contains(link.index) || names_.contains(std::string(link.name.view()));
  }

 private:
  void add_hops(Bytes bytes) {
    rtnexthop hop{};
    while (bytes.size() >= sizeof(hop)) {
      std::memcpy(&hop, bytes.data(), sizeof(hop));
      if (hop.rtnh_len < sizeof(hop)) return;
      numbers_.insert(hop.rtnh_ifindex);
      bytes = bytes.subspan(std::min<std::size_t>(bytes.size(), NLMSG_ALIGN(hop.rtnh_len)));
    }
  }

  std::set<int> numbers_;
  std::set<std::string> names_;
};

}  // namespace

void leave_out_idle_links(Question& question) {
  NamedLinks named;
  named.add_addresses(question.addresses);
  named.add_numbers(question.nexthops, sizeof(nhmsg), NHA_OIF, 0);
  named.add_numbers(question.routes, sizeof(rtmsg), RTA_OIF, RTA_MULTIPATH);
  named.add_rules(question.rules);
  for (const routes::RouteOp& operation : question.operations) named.add_operation(operation);
  std::erase_if(question.links, [&named](const HostLink& link) { return !named.has(link); });
}

}  // namespace ondol::preflight
