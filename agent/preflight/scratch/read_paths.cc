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

enum class Way {
  kOut,          // as a connection asks first, with no address of its own yet
  kFromSource,   // as it asks again, with the address that it was given
  kHops,         // every nexthop of the route that this takes
  kAnswers,      // how what comes back comes in
  kCallersOut,   // answers to those who call us
  kCallersIn,    // their connections
};

struct Lookup {
  std::size_t target = 0;
  Way way = Way::kOut;
  int link = 0;                        // inbound: where it comes in
  std::optional<IpAddress> address{};  // of ours: outbound source, inbound destination

  bool is_inbound() const { return way == Way::kAnswers || way == Way::kCallersIn; }
};

void put_address(Request& request, std::uint16_t type, const IpAddress& address) { request.put(type, address.octets()); }

Request encode(const Lookup& lookup, const IpAddress& target) {
  rtmsg fixed{};
  const auto bits = static_cast<unsigned char>(address_bits(target.family));
  fixed.rtm_family = target.family == Family::kIpv4 ? AF_INET : AF_INET6;
  fixed.rtm_dst_len = bits;
  fixed.rtm_src_len = lookup.address ? bits : 0;
  fixed.rtm_flags = lookup.way == Way::kHops ? unsigned{RTM_F_FIB_MATCH} : 0U;
  Request request(RTM_GETROUTE, 0, fixed);
  put_address(request, RTA_DST, lookup.is_inbound() ? *lookup.address : target);
  if (lookup.address) put_address(request, RTA_SRC, lookup.is_inbound() ? target : *lookup.address);
  if (lookup.is_inbound()) request.put_number<std::uint32_t>(RTA_IIF, static_cast<std::uint32_t>(lookup.link));
  return request;
}

struct RouteAnswer {
  std::uint8_t type = RTN_UNSPEC;
  int link = 0;
  std::optional<IpAddress> gateway, source;
  std::uint32_t mtu = 0;  // that the route says; 0 = nothing
  std::vector<int> hops;  // links of the nexthops of several that the kernel uses
};

std::optional<IpAddress> address_of(Bytes data) {
  const auto address = address_from_bytes(data);
  return address ? std::optional(*address) : std::nullopt;
}

// What is dead takes no packets.
std::vector<int> living_hops(Bytes rest) {
  std::vector<int> links;
  rtnexthop hop{};
  while (rest.size() >= sizeof(hop)) {
    std::memcpy(&hop, rest.data(), sizeof(hop));
    if (hop.rtnh_len < sizeof(hop)) break;
    if ((hop.rtnh_flags & RTNH_F_DEAD) == 0) links.push_back(hop.rtnh_ifindex);
    rest = rest.subspan(std::min<std::size_t>(rest.size(), NLMSG_ALIGN(hop.rtnh_len)));
  }
  return links;
}

std::uint32_t mtu_in(Bytes metrics) {
  std::uint32_t mtu = 0;
  while (const auto metric = routes::next_attribute(metrics)) {
    if (metric->type == RTAX_MTU && metric->data.size() == sizeof(mtu)) std::memcpy(&mtu, metric->data.data(), sizeof(mtu));
  }
  return mtu;
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
    if (attribute->type == RTA_METRICS) answer.mtu = mtu_in(data);
    if (attribute->type == RTA_MULTIPATH) answer.hops = living_hops(data);
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
  PathReader(const HostView& host, const std::vector<trial::ReachTarget>& targets)
      : host_(host), targets_(targets), paths_(targets.size()), links_(targets.size()), hops_(targets.size()) {}

  std::vector<Lookup> way_out() const {
    std::vector<Lookup> lookups;
    for (std::size_t i = 0; i < targets_.size(); ++i) lookups.push_back({i});
    return lookups;
  }

  // With the source that the way out gave: policy rules may send that elsewhere.
  std::vector<Lookup> from_source(Way way) const {
    std::vector<Lookup> lookups;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      if (leads_away(i)) lookups.push_back({i, way, 0, paths_[i].reach.source});
    }
    return lookups;
  }

  // The way back, and the way of those who call us.
  std::vector<Lookup> way_in(const std::vector<std::optional<Pin>>& pins) const {
    std::vector<Lookup> lookups;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const Path& path = paths_[i];
      if (!leads_away(i)) continue;
      if (path.reach.source) {
        const int link = host_.link_of_answers(*path.reach.source, path.link);
        lookups.push_back({i, Way::kAnswers, link, path.reach.source});
      }
      if (!pins[i]) continue;
      lookups.push_back({i, Way::kCallersOut, 0, pins[i]->address});
      lookups.push_back({i, Way::kCallersIn, pins[i]->link, pins[i]->address});
    }
    return lookups;
  }

  Result<void> ask(routes::RequestSocket& socket, const std::vector<Lookup>& lookups) {
    std::vector<Request> requests;
    for (const Lookup& lookup : lookups) requests.push_back(encode(lookup, targets_[lookup.target].address));
    const auto failures = send_requests(
        socket, requests, [&](std::size_t at, const Message& message) { take(lookups[at], decode(message)); });
    if (!failures) return fail(failures.error());
    for (const routes::BatchFailure& failure : *failures) take_error(lookups[failure.index], failure.answer.error_number);
    return {};
  }

  // Of several nexthops a lookup shows one: each that takes packets counts.
  void judge_carriers() {
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      if (leads_away(i)) hops_[i].size() > 1 ? judge_several(i) : judge_each(i, links_[i]);
      paths_[i].way_out = paths_[i].reach.there;
    }
  }

  std::vector<Path> finish() && { return std::move(paths_); }

 private:
  bool leads_away(std::size_t target) const { return paths_[target].reach.there && !paths_[target].is_local; }

  void close(std::size_t target, std::string why) {
    Reach& reach = paths_[target].reach;
    reach.there = false;
    if (reach.text.empty()) reach.text = std::move(why);
  }

  bool is_dark(int index) const {
    const HostLink* link = host_.find(index);
    return link != nullptr && link->index != kLoopback && !link->running;
  }

  void judge_each(std::size_t target, const std::vector<int>& links) {
    for (const int index : links) {
      if (is_dark(index)) close(target, fmt::format("its route leads over {}, which has no carrier", host_.name_of(index)));
    }
  }

  void judge_several(std::size_t target) {
    const std::vector<int>& hops = hops_[target];
    const auto dark = std::ranges::count_if(hops, [this](int index) { return is_dark(index); });
    if (dark == std::ssize(hops)) return judge_each(target, hops);
    if (dark == 0) return;
    const int first = *std::ranges::find_if(hops, [this](int index) { return is_dark(index); });
    paths_[target].partial = fmt::format("{} of {} nexthops of its route lead over links without a carrier, such as {}", dark,
                                         hops.size(), host_.name_of(first));
  }

  void take(const Lookup& lookup, const RouteAnswer& answer) {
    switch (lookup.way) {
      case Way::kOut: return take_way_out(lookup.target, answer);
      case Way::kFromSource: return take_link(lookup.target, answer);
      case Way::kHops: hops_[lookup.target] = answer.hops; return;
      case Way::kCallersOut: return take_answers_to_callers(lookup, answer);
      case Way::kAnswers:
      case Way::kCallersIn:
        if (answer.type == RTN_LOCAL) return;
        return close(lookup.target, fmt::format("what comes back to {} would not be taken in", render(*lookup.address)));
    }
  }

  void take_way_out(std::size_t target, const RouteAnswer& answer) {
    Path& path = paths_[target];
    path.is_local = answer.type == RTN_LOCAL;
    path.reach.source = answer.source;
    path.reach.there = true;
    take_link(target, answer);
  }

  void take_link(std::size_t target, const RouteAnswer& answer) {
    Path& path = paths_[target];
    path.link = answer.link;
    path.reach.interface = routes::InterfaceName::make(host_.name_of(answer.link)).value_or(routes::InterfaceName{});
    path.reach.gateway = answer.gateway;
    if (!path.is_local && answer.type != RTN_UNICAST) return close(target, "the route to it goes nowhere");
    links_[target].push_back(answer.link);
    const HostLink* link = host_.find(answer.link);
    if (link == nullptr || link->mtu == 0 || answer.mtu <= link->mtu) return;
    path.partial = fmt::format("its route says packets of {} bytes, and {} takes {} at most", answer.mtu, link->name.view(),
                               link->mtu);
  }

  void take_answers_to_callers(const Lookup& lookup, const RouteAnswer& answer) {
    if (answer.type != RTN_UNICAST) return close(lookup.target, no_answer_from(lookup));
    if (!is_dark(answer.link)) return;
    close(lookup.target, fmt::format("{}: they would leave over {}, which has no carrier", no_answer_from(lookup),
                                     host_.name_of(answer.link)));
  }

  static std::string no_answer_from(const Lookup& lookup) {
    return fmt::format("no answer could leave from {}, which it calls", render(*lookup.address));
  }

  void take_error(const Lookup& lookup, int error_number) {
    switch (lookup.way) {
      case Way::kOut: return close(lookup.target, why_no_way_out(error_number));
      case Way::kFromSource: return take_refused_source(lookup, error_number);
      case Way::kHops: return;  // one nexthop then, and that was looked at
      case Way::kCallersOut: return close(lookup.target, no_answer_from(lookup));
      case Way::kAnswers: return take_refused_answers(lookup, error_number, "answers");
      case Way::kCallersIn: return take_refused_answers(lookup, error_number, "its connections");
    }
  }

  void take_refused_source(const Lookup& lookup, int error_number) {
    Path& path = paths_[lookup.target];
    path.reach.interface = {};
    path.reach.gateway.reset();
    close(lookup.target, fmt::format("{}, coming from {}", why_no_way_out(error_number), render(*lookup.address)));
  }

  void take_refused_answers(const Lookup& lookup, int error_number, std::string_view what) {
    const std::string ours = render(*lookup.address);
    // Newer kernels say EINVAL for every packet that they would drop.
    const HostLink* link = host_.find(lookup.link);
    const bool is_filtered = error_number == EXDEV || (error_number == EINVAL && link != nullptr && link->rp_filter != 0);
    if (!is_filtered) {
      return close(lookup.target, fmt::format("{} to {} by {} would be refused: {}", what, ours, host_.name_of(lookup.link),
                                              std::strerror(error_number)));
    }
    close(lookup.target, fmt::format("{} to {} come in by {} and would be dropped by its reverse path filter", what, ours,
                                     host_.name_of(lookup.link)));
  }

  const HostView& host_;
  const std::vector<trial::ReachTarget>& targets_;
  std::vector<Path> paths_;
  std::vector<std::vector<int>> links_;  // per target: what its lookups lead over
  std::vector<std::vector<int>> hops_;   // per target: of its route, when there are several
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
  ONDOL_TRY(reader.ask(socket, reader.from_source(Way::kFromSource)));
  ONDOL_TRY(reader.ask(socket, reader.from_source(Way::kHops)));
  reader.judge_carriers();
  ONDOL_TRY(reader.ask(socket, reader.way_in(pins)));
  return std::move(reader).finish();
}

}  // namespace ondol::preflight
