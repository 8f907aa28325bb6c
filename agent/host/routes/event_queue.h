// Events from the kernel, decoded in its order, until somebody drains them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "agent/host/routes/decode_rtnetlink.h"
#include "agent/host/routes/netlink_socket.h"
#include "agent/host/routes/observe_routes.h"
#include "agent/host/routes/process_starts.h"
#include "agent/host/routes/read_author.h"
#include "agent/host/routes/request_socket.h"

namespace ondol::routes {

// The interfaces and nexthop objects that messages name by number.
struct NumberTables {
  LinkTable links;
  NexthopTable nexthops;
};
Result<NumberTables> read_number_tables(RequestSocket& requests);

// What happened since some moment: equal marks = nothing that could tear a dump.
struct EventMark {
  std::size_t changes = 0;
  std::uint64_t disturbances = 0;  // overruns, link, address and nexthop events, failures
};

// Limits: kMaxPending changes wait; more of them become an overrun.
class EventQueue {
 public:
  static constexpr std::size_t kMaxPending = 20'000;

  // Joins the groups with the filter in place. `requests` must outlive the queue: it reloads the tables.
  static Result<EventQueue> open(RequestSocket& requests, const RouteSocketOptions& options);

  int fd() const { return socket_.fd(); }
  int starts_fd() const { return starts_ ? starts_->fd() : -1; }  // -1 = starts of processes are not heard
  const NumberTables& numbers() const { return numbers_; }
  Result<void> reload_numbers();
  void set_tables(ComparedTables tables) { tables_ = std::move(tables); }

  void
  read();  // everything queued by now, to the pending changes; in a storm newer ones stay for the next read
  bool has_pending() const;
  Drained take_pending() { return std::exchange(pending_, {}); }

  EventMark mark() const { return {pending_.changes.size(), disturbances_}; }
  std::span<const SeenChange> changes_since(const EventMark& mark) const;

 private:
  EventQueue(RequestSocket& requests, NetlinkSocket socket, bool blame)
      : requests_(&requests), socket_(std::move(socket)), blame_(blame) {}

  void hear_starts(const RouteSocketOptions& options);
  void take(const Message& message);
  void take_route(const Message& message);
  void take_link(const Message& message);
  bool join_sibling(const SeenChange& change);
  void add(SeenChange change);
  void overrun();
  void disturb() { ++disturbances_; }
  const Author& author_of(std::uint32_t port);
  Author find_author(std::uint32_t port);

  RequestSocket* requests_;
  NetlinkSocket socket_;
  bool blame_;
  AuthorReader author_reader_;
  std::optional<ProcessStarts> starts_;
  std::vector<std::pair<std::uint32_t, Author>> authors_;  // of the current read
  ComparedTables tables_;
  NumberTables numbers_;
  bool numbers_are_stale_ = true;
  bool may_reload_ = true;  // once a read, and again when nexthop objects changed: more would tell nothing new
  Drained pending_;
  std::uint64_t disturbances_ = 0;
};

}  // namespace ondol::routes
