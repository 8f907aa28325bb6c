#include "agent/preflight/scratch/fallback_link.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace ondol::preflight {
namespace {

using routes::Bytes;

// Kind and name. Source: net/ipv4 and net/ipv6 of Linux 6.1, *_init_net().
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kFallback{{{"ipip", "tunl0"},
                                                                                  {"sit", "sit0"},
                                                                                  {"gre", "gre0"},
                                                                                  {"gretap", "gretap0"},
                                                                                  {"erspan", "erspan0"},
                                                                                  {"ip6tnl", "ip6tnl0"},
                                                                                  {"ip6gre", "ip6gre0"},
                                                                                  {"vti", "ip_vti0"},
                                                                                  {"vti6", "ip6_vti0"}}};

Bytes find(Bytes attributes, std::uint16_t type) {
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (attribute->type == type) return attribute->data;
  }
  return {};
}

std::string_view text_of(Bytes data) {
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  return text.substr(0, text.find('\0'));
}

}  // namespace

bool is_fallback_link(const routes::Message& message) {
  if (message.type != RTM_NEWLINK || message.body.size() < sizeof(ifinfomsg)) return false;
  const Bytes attributes = message.body.subspan(sizeof(ifinfomsg));
  const auto kind = text_of(find(find(attributes, IFLA_LINKINFO), IFLA_INFO_KIND));
  return std::ranges::find(kFallback, std::pair(kind, text_of(find(attributes, IFLA_IFNAME)))) != kFallback.end();
}

}  // namespace ondol::preflight
