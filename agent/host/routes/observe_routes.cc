#include "agent/host/routes/observe_routes.h"

#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "agent/host/routes/apply_routes.h"
#include "agent/host/routes/event_queue.h"
#include "agent/host/routes/read_links.h"
#include "agent/host/routes/replay_changes.h"
#include "agent/host/routes/request_socket.h"
#include "agent/host/routes/snapshot_builder.h"

namespace ondol::routes {
namespace {

constexpr int kMaxTries = 5;

// Readable when the event socket is, or when events that a snapshot or an apply already took off it are waiting.
class Alarm {
 public:
  static Result<Alarm> open(int event_socket);
  ~Alarm() {
    if (epoll_ >= 0) close(epoll_);
    if (waiting_ >= 0) close(waiting_);
  }
  Alarm(Alarm&& other) noexcept
      : epoll_(std::exchange(other.epoll_, -1)), waiting_(std::exchange(other.waiting_, -1)), is_set_(other.is_set_) {}
  Alarm& operator=(Alarm&&) = delete;

  int fd() const { return epoll_; }
  void set(bool is_set) {
    if (is_set == is_set_) return;
    is_set_ = is_set;
    eventfd_t value = 1;
    if (is_set) eventfd_write(waiting_, value);
    if (!is_set) eventfd_read(waiting_, &value);
  }

 private:
  Alarm() = default;
  int epoll_ = -1;
  int waiting_ = -1;
  bool is_set_ = false;
};

Result<Alarm> Alarm::open(int event_socket) {
  Alarm alarm;
  alarm.epoll_ = epoll_create1(EPOLL_CLOEXEC);
  alarm.waiting_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event events{.events = EPOLLIN, .data = {}};
  const bool is_made = alarm.epoll_ >= 0 && alarm.waiting_ >= 0 &&
                       epoll_ctl(alarm.epoll_, EPOLL_CTL_ADD, alarm.waiting_, &events) == 0 &&
                       epoll_ctl(alarm.epoll_, EPOLL_CTL_ADD, event_socket, &events) == 0;
  if (!is_made) return fail(netlink_error("alarm", errno));
  return alarm;
}

// One reading of both families that the kernel did not call torn.
struct Reading {
  RouteSnapshot snapshot;
  std::uint64_t digest = 0;
  EventMark start;
};

class KernelRoutes final : public RouteSocket {
 public:
  KernelRoutes(std::unique_ptr<RequestSocket> requests, EventQueue events, Alarm alarm)
      : requests_(std::move(requests)), events_(std::move(events)), alarm_(std::move(alarm)) {}

  int event_fd() const override { return alarm_.fd(); }

  Drained drain() override {
    events_.read();
    alarm_.set(false);
    return events_.take_pending();
  }

  Result<RouteSnapshot> snapshot(const std::vector<std::uint32_t>& tables) override {
    auto read = read_consistent(tables);
    alarm_.set(events_.has_pending());
    return read;
  }

  Result<std::vector<Link>> links() override { return read_links(*requests_); }

  ApplyReport apply(const std::vector<RouteOp>& operations) override {
    events_.read();  // a rename that has happened is known before names become numbers
    alarm_.set(events_.has_pending());
    return apply_routes(*requests_, events_.numbers().links, operations);
  }

 private:
  Result<RouteSnapshot> read_consistent(const std::vector<std::uint32_t>& tables);
  Result<std::optional<Reading>> read_once();
  bool is_confirmed(const Reading& reading, const std::optional<Reading>& previous) const;
  Result<std::uint32_t> count_policy_rules();

  std::unique_ptr<RequestSocket> requests_;
  EventQueue events_;
  Alarm alarm_;
  std::vector<std::uint32_t> named_;
  ComparedTables tables_;
  std::optional<std::uint64_t> confirmed_digest_;  // of the last reading that was returned, if nothing was replayed
  std::size_t expected_routes_ = 0;
};

// Two readings agree, or the reading agrees with the one returned last: routes that change without an event and dumps
// that are torn without a flag (IPv4 under churn, IPv6 when others' routes move) cannot do either twice the same way.
Result<RouteSnapshot> KernelRoutes::read_consistent(const std::vector<std::uint32_t>& tables) {
  if (tables != named_) {
    named_ = tables;
    tables_ = ComparedTables(tables);
    events_.set_tables(tables_);
    confirmed_digest_.reset();
  }
  std::optional<Reading> previous;
  for (int i = 0; i < kMaxTries; ++i) {
    auto reading = read_once();
    if (!reading) return fail(reading.error());
    if (!*reading) {
      previous.reset();
      continue;
    }
    if (is_confirmed(**reading, previous)) {
      const auto rules = count_policy_rules();
      if (!rules) return fail(rules.error());
      const bool is_quiet = events_.changes_since((*reading)->start).empty();
      confirmed_digest_ = is_quiet ? std::optional((*reading)->digest) : std::nullopt;
      (*reading)->snapshot.policy_rules = *rules;
      expected_routes_ = (*reading)->snapshot.routes.size();
      return std::move((*reading)->snapshot);
    }
    previous = std::move(*reading);
  }
  return fail(Errc::kInterrupted, "routes changed during each of five reads");
}

bool KernelRoutes::is_confirmed(const Reading& reading, const std::optional<Reading>& previous) const {
  if (confirmed_digest_ == reading.digest && events_.changes_since(reading.start).empty()) return true;
  if (!previous) return false;
  if (previous->start.disturbances != reading.start.disturbances) return false;
  return equal_apart_from(events_.changes_since(previous->start), previous->snapshot.routes, reading.snapshot.routes);
}

// Empty: torn, or links changed meanwhile; try again.
Result<std::optional<Reading>> KernelRoutes::read_once() {
  events_.read();
  Reading reading;
  reading.start = events_.mark();
  SnapshotBuilder builder(tables_, events_.numbers().links, events_.numbers().nexthops);
  builder.reserve(expected_routes_);
  bool is_whole = true;
  for (const std::uint8_t family : {AF_INET, AF_INET6}) {
    // A kernel without IPv6 answers the question about it with IPv4: only what was asked for is taken.
    const auto visit = [&builder, family](const Message& message) {
      if (!message.body.empty() && message.body.front() == family) builder.take(message);
    };
    const auto dumped = requests_->dump(RTM_GETROUTE, family, visit);
    if (!dumped) return fail(dumped.error());
    is_whole = is_whole && *dumped;
  }
  events_.read();
  if (builder.has_unknown_index()) ONDOL_TRY(events_.reload_numbers());
  if (builder.malformed() > 0) return fail(Errc::kCorrupt, "the kernel wrote a route that cannot be read");
  const bool is_undisturbed = events_.mark().disturbances == reading.start.disturbances;
  if (!is_whole || builder.has_unknown_index() || !is_undisturbed) return std::optional<Reading>{};
  reading.digest = builder.digest();
  reading.snapshot = builder.finish();
  const auto changes = events_.changes_since(reading.start);
  if (!changes.empty()) {
    replay_changes(changes, reading.snapshot.routes);
    if (!reading.snapshot.truncated) reading.snapshot.compared = static_cast<std::uint32_t>(reading.snapshot.routes.size());
  }
  return std::optional(std::move(reading));
}

Result<std::uint32_t> KernelRoutes::count_policy_rules() {
  std::uint32_t rules = 0;
  const auto visit = [&rules](const Message& message) {
    if (message.type != RTM_NEWRULE || message.body.empty()) return;
    if (message.body.front() == AF_INET || message.body.front() == AF_INET6) ++rules;
  };
  const auto dumped = requests_->dump(RTM_GETRULE, AF_UNSPEC, visit);
  if (!dumped) return fail(dumped.error());
  return rules;
}

}  // namespace

Result<std::unique_ptr<RouteSocket>> open_route_socket(const RouteSocketOptions& options) {
  // The request socket comes first: the kernel gives it the process id as port, by which others know us.
  auto opened = RequestSocket::open();
  if (!opened) return fail(opened.error());
  auto requests = std::make_unique<RequestSocket>(std::move(*opened));
  auto events = EventQueue::open(*requests, options);
  if (!events) return fail(events.error());
  auto alarm = Alarm::open(events->fd());
  if (!alarm) return fail(alarm.error());
  return std::make_unique<KernelRoutes>(std::move(requests), std::move(*events), std::move(*alarm));
}

}  // namespace ondol::routes
