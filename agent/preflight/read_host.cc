#include "agent/preflight/read_host.h"

#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "agent/host/probes/local_servers.h"
#include "agent/host/routes/request_socket.h"
#include "agent/preflight/frame.h"
#include "agent/preflight/idle_links.h"

namespace ondol::preflight {
namespace {

using routes::Bytes;
using routes::Message;
using routes::RequestSocket;

constexpr int kMaxTries = 5;
constexpr std::size_t kMaxMessages = kMaxQuestion / 2;  // bytes of one kind; all of them are counted when they are sent
constexpr std::size_t kMaxRead = 16 * kMaxLinks;        // links, before those that nothing names are left out

void append(Messages& all, const Message& message) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + message.body.size());
  header.nlmsg_type = message.type;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&header);
  all.insert(all.end(), bytes, bytes + sizeof(header));
  all.insert(all.end(), message.body.begin(), message.body.end());
  all.resize(NLMSG_ALIGN(all.size()));
}

Result<void> read_all(RequestSocket& requests, std::uint16_t type, std::uint8_t family, const std::function<void()>& start,
                      const std::function<void(const Message&)>& visit) {
  for (int i = 0; i < kMaxTries; ++i) {
    start();
    const auto is_whole = requests.dump(type, family, visit);
    if (!is_whole) return fail(is_whole.error());
    if (*is_whole) return {};
  }
  return fail(Errc::kInterrupted, "the host's network changed during each of five reads");
}

// Appends; messages of other families than asked for (multicast routing) are left out. What does not fit into a question
// is not kept.
Result<void> read_messages(RequestSocket& requests, std::uint16_t type, std::uint8_t family, Messages& out) {
  const std::size_t before = out.size();
  bool fits = true;
  const auto take = [&](const Message& message) {
    const std::uint8_t said = message.body.empty() ? AF_UNSPEC : message.body.front();
    fits = fits && out.size() + message.body.size() < kMaxMessages;
    if (fits && (family == AF_UNSPEC || said == family)) append(out, message);
  };
  const auto start = [&] {
    out.resize(before);
    fits = true;
  };
  ONDOL_TRY(read_all(requests, type, family, start, take));
  if (!fits) return fail(Errc::kLimit, "this host has too many routes for a preflight");
  return {};
}

bool is_vrf(Bytes link_info) {
  while (const auto attribute = routes::next_attribute(link_info)) {
    const auto* text = reinterpret_cast<const char*>(attribute->data.data());
    if (attribute->type == IFLA_INFO_KIND) return std::string_view(text, strnlen(text, attribute->data.size())) == "vrf";
  }
  return false;
}

void take_link(const Message& message, std::vector<HostLink>& links) {
  const auto facts = message.type == RTM_NEWLINK ? routes::decode_link(message) : std::nullopt;
  if (!facts || links.size() > kMaxRead) return;
  // Not IFF_RUNNING: that follows the carrier up to a second later.
  constexpr unsigned kLowerUp = 1U << 16;
  ifinfomsg fixed{};
  std::memcpy(&fixed, message.body.data(), sizeof(fixed));
  HostLink link{facts->index, facts->name, facts->up, (fixed.ifi_flags & kLowerUp) != 0, false, 0, false, 0};
  Bytes attributes = message.body.subspan(std::min(message.body.size(), sizeof(ifinfomsg)));
  while (const auto attribute = routes::next_attribute(attributes)) {
    if (attribute->type == IFLA_MTU && attribute->data.size() == sizeof(link.mtu)) {
      std::memcpy(&link.mtu, attribute->data.data(), sizeof(link.mtu));
    }
    if (attribute->type == IFLA_LINKINFO) link.is_vrf = is_vrf(attribute->data);
  }
  links.push_back(link);
}

struct LinkSettings {
  int rp_filter = 0;
  int ignores_linkdown = 0;
};
using SettingsByIndex = std::map<int, LinkSettings>;

void take_settings(const Message& message, SettingsByIndex& all) {
  if (message.type != RTM_NEWNETCONF || message.body.size() < NLMSG_ALIGN(sizeof(netconfmsg))) return;
  int index = 0;
  LinkSettings settings;
  Bytes attributes = message.body.subspan(NLMSG_ALIGN(sizeof(netconfmsg)));
  while (const auto attribute = routes::next_attribute(attributes)) {
    int value = 0;
    if (attribute->data.size() == sizeof(value)) std::memcpy(&value, attribute->data.data(), sizeof(value));
    if (attribute->type == NETCONFA_IFINDEX) index = value;
    if (attribute->type == NETCONFA_RP_FILTER) settings.rp_filter = value;
    if (attribute->type == NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN) settings.ignores_linkdown = value;
  }
  all[index] = settings;
}

// The stricter of what is set for all links and for this one is in force.
Result<void> read_settings(RequestSocket& requests, std::vector<HostLink>& links) {
  SettingsByIndex all;
  ONDOL_TRY(read_all(
      requests, RTM_GETNETCONF, AF_INET, [&all] { all.clear(); },
      [&all](const Message& message) { take_settings(message, all); }));
  const LinkSettings common = all[NETCONFA_IFINDEX_ALL];
  for (HostLink& link : links) {
    const LinkSettings own = all[link.index];
    link.rp_filter = static_cast<std::uint8_t>(std::clamp(std::max(own.rp_filter, common.rp_filter), 0, 2));
    link.ignores_linkdown = own.ignores_linkdown != 0 || common.ignores_linkdown != 0;
  }
  return {};
}

Result<void> read_links(RequestSocket& requests, std::vector<HostLink>& links) {
  ONDOL_TRY(read_all(
      requests, RTM_GETLINK, AF_UNSPEC, [&links] { links.clear(); },
      [&links](const Message& message) { take_link(message, links); }));
  if (links.size() > kMaxRead) return fail(Errc::kLimit, "this host has too many links for a preflight");
  return read_settings(requests, links);
}

// A kernel that was started without IPv6 refuses to be asked about it.
std::vector<std::uint8_t> families() {
  std::vector<std::uint8_t> all{AF_INET};
  const int fd = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 || errno != EAFNOSUPPORT) all.push_back(AF_INET6);
  if (fd >= 0) ::close(fd);
  return all;
}

}  // namespace

Result<Question> read_host(std::span<const routes::RouteOp> operations, std::span<const trial::ReachTarget> targets) {
  auto requests = RequestSocket::open();
  if (!requests) return fail(requests.error());
  Question question;
  ONDOL_TRY(read_links(*requests, question.links));
  ONDOL_TRY(read_messages(*requests, RTM_GETADDR, AF_UNSPEC, question.addresses));
  ONDOL_TRY(read_messages(*requests, RTM_GETNEXTHOP, AF_UNSPEC, question.nexthops));
  for (const std::uint8_t family : families()) {
    ONDOL_TRY(read_messages(*requests, RTM_GETRULE, family, question.rules));
    ONDOL_TRY(read_messages(*requests, RTM_GETROUTE, family, question.routes));
  }
  question.operations.assign(operations.begin(), operations.end());
  question.targets.assign(targets.begin(), targets.end());
  leave_out_idle_links(question);
  return question;
}

Result<std::vector<trial::ReachTarget>> read_local_targets() {
  const auto gateways = probes::read_default_gateways();
  if (!gateways) return fail(gateways.error());
  const auto servers = probes::read_name_servers();
  if (!servers) return fail(servers.error());
  std::vector<trial::ReachTarget> targets;
  for (const IpAddress& gateway : *gateways) targets.push_back({"default gateway " + render(gateway), gateway, false});
  for (const IpAddress& server : *servers) targets.push_back({"name server " + render(server), server, false});
  return targets;
}

std::vector<trial::ReachTarget> local_targets() {
  return read_local_targets().value_or(std::vector<trial::ReachTarget>{});
}

}  // namespace ondol::preflight
