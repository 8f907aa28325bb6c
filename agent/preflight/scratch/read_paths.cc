#include "agent/preflight/scratch/read_paths.h"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/preflight/scratch/send_requests.h"

namespace ondol::preflight {
namespace {

using routes::Bytes;
using routes::Message;

constexpr int kLoopback = 1;

struct Lookup {
  std::size_t target = 0;
  bool is_outbound = true;
  bool is_pinned = false;
  int link = 0;                        // inbound: where it comes in
  std::optional<IpAddress> address{};  // of ours: outbound source, inbound destination
};

void put_address(Request& request, std::uint16_t type, const IpAddress& address) { request.put(type, address.octets()); }

Request encode(const Lookup& lookup, const IpAddress& target) {
  rtmsg fixed{};
  const auto bits = static_cast<unsigned char>(address_bits(target.family));
  fixed.rtm_family = target.family == Family::kIpv4 ? AF_INET : AF_INET6;
  fixed.rtm_dst_len = bits;
  fixed.rtm_src_len = lookup.address ? bits : 0;
  Request request(RTM_GETROUTE, 0, fixed);
  put_address(request, RTA_DST, lookup.is_outbound ? target : *lookup.address);
  if (lookup.address) put_address(request, RTA_SRC, lookup.is_outbound ? *lookup.address : target);
  if (!lookup.is_outbound) request.put_number<std::uint32_t>(RTA_IIF, static_cast<std::uint32_t>(lookup.link));
  return request;
}

struct RouteAnswer {
  std::uint8_t type = RTN_UNSPEC;
  int link = 0;
  std::optional<IpAddress> gateway, source;
};

std::optional<IpAddress> address_of(Bytes data) {
  const auto address = address_from_bytes(data);
  return address ? std::optional(*address) : std::nullopt;
}

RouteAnswer decode(const Message& message) {
  RouteAnswer answer;
  rtmsg fixed{};
  if (message.type != RTM_NEWROUTE || message.body.size() < sizeof(fixed)) return answer;
  std::memcpy(&fixed, message.body.data(), sizeof(fixed));
  answer.type = fixed.rtm_type;
  Bytes attributes = message.body.subspan(sizeof(fixed));
  while (const auto attribute = routes::next_attribute(attributes)) {
    const Bytes data = attribute->data;
    if (attribute->type == RTA_OIF && data.size() == sizeof(answer.link)) {
      std::memcpy(&answer.link, data.data(), sizeof(answer.link));
    }
    if (attribute->type == RTA_GATEWAY) answer.gateway = address_of(data);
    if (attribute->type == RTA_VIA && data.size() > 2) answer.gateway = address_of(data.subspan(2));
    if (attribute->type == RTA_PREFSRC) answer.source = address_of(data);
  }
  return answer;
}

std::string why_no_way_out(int error_number) {
  switch (error_number) {
    case ENETUNREACH: return "no route leads to it";
    case EHOSTUNREACH: return "an unreachable route takes it";
    case EINVAL: return "a blackhole route takes it";
    case EACCES: return "a prohibit route takes it";
    default: return std::strerror(error_number);
  }
}

class PathReader {
 public:
  PathReader(const HostView& host, const std::vector<trial::ReachTarget>& targets) : host_(host), targets_(targets) {
    paths_.resize(targets.size());
  }

  std::vector<Lookup> way_out() const {
    std::vector<Lookup> lookups;
    for (std::size_t i = 0; i < targets_.size(); ++i) lookups.push_back({i});
    return lookups;
  }

  // The way back, and the way of those who call us.
  std::vector<Lookup> way_in(const std::vector<std::optional<Pin>>& pins) const {
    std::vector<Lookup> lookups;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const Path& path = paths_[i];
      if (!path.reach.there || path.is_local) continue;
      if (path.reach.source) {
        const int link = host_.link_of_answers(*path.reach.source, path.link);
        lookups.push_back({i, false, false, link, path.reach.source});
      }
      if (!pins[i]) continue;
      lookups.push_back({i, true, true, 0, pins[i]->address});
      lookups.push_back({i, false, true, pins[i]->link, pins[i]->address});
    }
    return lookups;
  }

  Result<void> ask(routes::RequestSocket& socket, const std::vector<Lookup>& lookups) {
    std::vector<Request> requests;
    for (const Lookup& lookup : lookups) requests.push_back(encode(lookup, targets_[lookup.target].address));
    const auto failures = send_requests(
        socket, requests, [&](std::size_t at, const Message& message) { take(lookups[at], decode(message)); });
    if (!failures) return fail(failures.error());
    for (const routes::BatchFailure& failure : *failures) take(lookups[failure.index], failure.answer.error_number);
    return {};
  }

  std::vector<Path> finish() && { return std::move(paths_); }

 private:
  void close(const Lookup& lookup, std::string why) {
    Reach& reach = paths_[lookup.target].reach;
    reach.there = false;
    if (reach.text.empty()) reach.text = std::move(why);
  }

  void take(const Lookup& lookup, const RouteAnswer& answer) {
    Path& path = paths_[lookup.target];
    if (!lookup.is_outbound && answer.type != RTN_LOCAL) {
      return close(lookup, fmt::format("what comes back to {} would not be taken in", render(*lookup.address)));
    }
    if (!lookup.is_outbound || lookup.is_pinned) return;
    path.is_local = answer.type == RTN_LOCAL;
    path.link = answer.link;
    path.reach.interface = routes::InterfaceName::make(host_.name_of(answer.link)).value_or(routes::InterfaceName{});
    path.reach.gateway = answer.gateway;
    path.reach.source = answer.source;
    path.reach.there = path.is_local || answer.type == RTN_UNICAST;
    if (!path.reach.there) return close(lookup, "the route to it goes nowhere");
    const HostLink* link = host_.find(answer.link);
    if (!path.is_local && link != nullptr && link->index != kLoopback && !link->running) {
      close(lookup, fmt::format("its route leads over {}, which has no carrier", link->name.view()));
    }
    path.way_out = path.reach.there;
  }

  void take(const Lookup& lookup, int error_number) {
    if (lookup.is_outbound && !lookup.is_pinned) return close(lookup, why_no_way_out(error_number));
    const std::string ours = render(*lookup.address);
    if (lookup.is_outbound) return close(lookup, fmt::format("no answer could leave from {}, which it calls", ours));
    const std::string_view what = lookup.is_pinned ? "its connections" : "answers";
    // Newer kernels say EINVAL for every packet that they would drop.
    const HostLink* link = host_.find(lookup.link);
    const bool is_filtered = error_number == EXDEV || (error_number == EINVAL && link != nullptr && link->rp_filter != 0);
    if (!is_filtered) {
      return close(lookup, fmt::format("{} to {} by {} would be refused: {}", what, ours, host_.name_of(lookup.link),
                                       std::strerror(error_number)));
    }
    close(lookup, fmt::format("{} to {} come in by {} and would be dropped by its reverse path filter", what, ours,
                              host_.name_of(lookup.link)));
  }

  const HostView& host_;
  const std::vector<trial::ReachTarget>& targets_;
  std::vector<Path> paths_;
};

}  // namespace

HostView::HostView(const Question& question) {
  for (const HostLink& link : question.links) links_.emplace(link.index, link);
  Bytes rest = question.addresses;
  while (const auto message = routes::next_message(rest)) {
    if (const auto address = routes::decode_address(*message)) addresses_.push_back(*address);
  }
}

const HostLink* HostView::find(int index) const {
  const auto found = links_.find(index);
  return found == links_.end() ? nullptr : &found->second;
}

const HostLink* HostView::find(const routes::InterfaceName& name) const {
  const auto found = std::ranges::find_if(links_, [&](const auto& entry) { return entry.second.name == name; });
  return found == links_.end() ? nullptr : &found->second;
}

std::string HostView::name_of(int index) const {
  const HostLink* link = find(index);
  return link == nullptr ? std::string() : std::string(link->name.view());
}

int HostView::link_of_answers(const IpAddress& source, int out) const {
  int owner = out;
  for (const routes::InterfaceAddress& own : addresses_) {
    if (own.address.address != source || own.index == kLoopback) continue;
    if (own.index == out) return out;
    owner = own.index;
  }
  return owner;
}

const HostLink* HostView::down_link_of(const IpAddress& gateway) const {
  for (const routes::InterfaceAddress& own : addresses_) {
    const HostLink* link = find(own.index);
    if (link != nullptr && !link->up && contains(masked(own.address), gateway)) return link;
  }
  return nullptr;
}

Result<std::vector<Path>> read_paths(routes::RequestSocket& socket, const HostView& host,
                                     const std::vector<trial::ReachTarget>& targets,
                                     const std::vector<std::optional<Pin>>& pins) {
  PathReader reader(host, targets);
  ONDOL_TRY(reader.ask(socket, reader.way_out()));
  ONDOL_TRY(reader.ask(socket, reader.way_in(pins)));
  return std::move(reader).finish();
}

}  // namespace ondol::preflight
