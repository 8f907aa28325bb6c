#include "agent/host/routes/event_queue.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "agent/host/routes/event_filter.h"
#include "agent/host/routes/read_links.h"
#include "common/loop/clocks.h"

namespace ondol::routes {
namespace {

constexpr unsigned kGroups[] = {RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,  RTNLGRP_NEXTHOP};

Result<void> attach_filter(const NetlinkSocket& socket, std::uint32_t own_port) {
  auto program = encode_event_filter(own_port);
  const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
  if (setsockopt(socket.fd(), SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached)) != 0) {
    return fail(netlink_error("event filter", errno));
  }
  return {};
}

session::ChangeKind kind_of(const Message& message) {
  if (message.type == RTM_DELROUTE) return session::ChangeKind::kRemoved;
  const bool replaced = (message.flags & NLM_F_REPLACE) != 0;
  return replaced ? session::ChangeKind::kReplaced : session::ChangeKind::kAdded;
}

bool is_sibling(const SeenChange& a, const SeenChange& b) {
  return a.kind == session::ChangeKind::kRemoved && b.kind == a.kind && a.port == b.port &&
         a.route.protocol == b.route.protocol && a.route.route.key == b.route.route.key &&
         a.route.route.key.destination.address.family == Family::kIpv6 &&
         a.route.route.value.type == RouteType::kUnicast && b.route.route.value.type == RouteType::kUnicast;
}

}  // namespace

Result<NumberTables> read_number_tables(RequestSocket& requests) {
  auto links = read_link_table(requests);
  if (!links) return fail(links.error());
  auto nexthops = read_nexthop_table(requests, *links);
  if (!nexthops) return fail(nexthops.error());
  return NumberTables{std::move(*links), std::move(*nexthops)};
}

Result<EventQueue> EventQueue::open(RequestSocket& requests, const RouteSocketOptions& options) {
  auto socket = NetlinkSocket::open();
  if (!socket) return fail(socket.error());
  socket->set_receive_buffer(options.receive_buffer_bytes);
  ONDOL_TRY(attach_filter(*socket, requests.port()));
  ONDOL_TRY(socket->bind());
  for (const unsigned group : kGroups) ONDOL_TRY(socket->join(group));
  EventQueue queue(requests, std::move(*socket), options.blame);
  queue.hear_starts(options);
  ONDOL_TRY(queue.reload_numbers());
  return queue;
}

void EventQueue::hear_starts(const RouteSocketOptions& options) {
  if (!options.hear_starts) return;
  if (options.starts_socket >= 0) {
    starts_.emplace(ProcessStarts::adopt(options.starts_socket));
  } else if (auto starts = ProcessStarts::open()) {
    starts_.emplace(std::move(*starts));
  }
}

Result<void> EventQueue::reload_numbers() {
  auto numbers = read_number_tables(*requests_);
  if (!numbers) return fail(numbers.error());
  numbers_ = std::move(*numbers);
  numbers_are_stale_ = false;
  return {};
}

bool EventQueue::has_pending() const {
  return !pending_.changes.empty() || pending_.overrun || pending_.links_changed || !pending_.error.empty();
}

std::span<const SeenChange> EventQueue::changes_since(const EventMark& mark) const {
  return std::span(pending_.changes).subspan(std::min(mark.changes, pending_.changes.size()));
}

void EventQueue::read() {
  authors_.clear();
  if (starts_) starts_->read(author_reader_, read_now().boot);
  may_reload_ = true;
  const std::size_t most = socket_.most_queued() + 2;  // an overrun and the end are told by a read as well
  for (std::size_t i = 0; i < most; ++i) {
    const auto got = socket_.receive(false);
    if (got.what == NetlinkSocket::Read::kEmpty) break;
    if (got.what == NetlinkSocket::Read::kFailed) {
      pending_.error = netlink_error("events", got.error_number).message;
      disturb();
      break;
    }
    if (got.what == NetlinkSocket::Read::kOverrun) overrun();
    Bytes rest = got.bytes;
    while (const auto message = next_message(rest)) take(*message);
  }
  if (!numbers_are_stale_) return;
  // Link messages may be among the lost: names become numbers only after this.
  if (const auto reloaded = reload_numbers(); !reloaded) pending_.error = reloaded.error().message;
}

void EventQueue::overrun() {
  pending_.overrun = true;
  numbers_are_stale_ = true;
  disturb();
}

void EventQueue::take(const Message& message) {
  switch (message.type) {
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      take_route(message);
      return;
    case RTM_NEWLINK:
    case RTM_DELLINK:
      take_link(message);
      break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
      break;
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      numbers_.nexthops.clear();  // read again when a route names one
      may_reload_ = true;
      break;
    default:
      return;
  }
  pending_.links_changed = true;
  disturb();
}

void EventQueue::take_link(const Message& message) {
  const auto link = decode_link(message);
  if (!link) return;
  if (message.type == RTM_DELLINK) numbers_.links.erase(link->index);
  if (message.type == RTM_NEWLINK) numbers_.links.put(*link);
}

void EventQueue::take_route(const Message& message) {
  if (look_at_route(message, tables_).look != RouteLook::kCompared) return;
  SeenChange change;
  Decoded decoded = decode_route(message, numbers_.links, numbers_.nexthops, change.route);
  if (decoded == Decoded::kUnknownIndex && std::exchange(may_reload_, false) && reload_numbers()) {
    change.route = {};
    decoded = decode_route(message, numbers_.links, numbers_.nexthops, change.route);
  }
  if (decoded == Decoded::kMalformed)
    return;  // only the kernel writes here; a sweep shows what this one meant
  change.kind = kind_of(message);
  change.port = message.port;
  if (join_sibling(change)) return;
  change.seen = read_now();
  if (blame_) change.author = author_of(message.port);
  add(std::move(change));
}

// `ip -6 route del` and a link going down tell about the nexthops of one route one by one.
bool EventQueue::join_sibling(const SeenChange& change) {
  if (pending_.changes.empty() || !is_sibling(pending_.changes.back(), change)) return false;
  Route& joined = pending_.changes.back().route.route;
  const Nexthops& more = change.route.route.value.nexthops;
  joined.value.nexthops.insert(joined.value.nexthops.end(), more.begin(), more.end());
  normalise(joined);
  disturb();
  return true;
}

void EventQueue::add(SeenChange change) {
  if (pending_.changes.size() >= kMaxPending) {
    pending_.changes.clear();
    overrun();
  }
  pending_.changes.push_back(std::move(change));
}

const Author& EventQueue::author_of(std::uint32_t port) {
  constexpr std::size_t kMaxAuthors = 64;
  const auto known = std::ranges::find(authors_, port, &std::pair<std::uint32_t, Author>::first);
  if (known != authors_.end()) return known->second;
  if (authors_.size() >= kMaxAuthors) authors_.clear();
  return authors_.emplace_back(port, find_author(port)).second;
}

// As it is now, or as it was when it started if it is gone or ending.
Author EventQueue::find_author(std::uint32_t port) {
  AuthorLook look = author_reader_.look(port);
  if (!look.is_gone || !starts_) return std::move(look.author);
  const Author* started = starts_->find(port, read_now().boot);
  const bool is_same = started != nullptr && (!look.author.comm || look.author.comm == started->comm);
  return is_same ? *started : std::move(look.author);
}

}  // namespace ondol::routes
