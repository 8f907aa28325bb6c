#include "agent/host/routes/observe_routes.h"

#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
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

constexpr std::size_t kMaxTries = 5;

// An IPv6 dump goes on by counting after the table changed: it misses or repeats routes where it was cut.
// Each try cuts elsewhere, so that two tries do not miss the same ones.
constexpr std::array<std::size_t, kMaxTries> kReadSizes{kReadBytes, 21'000, 17'000, 27'000, 19'000};

using RouteList = std::vector<ObservedRoute>;

// Readable when the event socket is, or when events that a snapshot or an apply already took off it are
// waiting.
class Alarm {
 public:
  static Result<Alarm> open(int event_socket, int starts_socket);
  ~Alarm() {
    if (epoll_ >= 0) close(epoll_);
    if (waiting_ >= 0) close(waiting_);
  }
  Alarm(Alarm&& other) noexcept
      : epoll_(std::exchange(other.epoll_, -1)),
        waiting_(std::exchange(other.waiting_, -1)),
        is_set_(other.is_set_) {}
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

Result<Alarm> Alarm::open(int event_socket, int starts_socket) {
  Alarm alarm;
  alarm.epoll_ = epoll_create1(EPOLL_CLOEXEC);
  alarm.waiting_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event events{.events = EPOLLIN, .data = {}};
  const bool is_made = alarm.epoll_ >= 0 && alarm.waiting_ >= 0 &&
                       epoll_ctl(alarm.epoll_, EPOLL_CTL_ADD, alarm.waiting_, &events) == 0 &&
                       epoll_ctl(alarm.epoll_, EPOLL_CTL_ADD, event_socket, &events) == 0;
  const bool is_heard = starts_socket < 0 || epoll_ctl(alarm.epoll_, EPOLL_CTL_ADD, starts_socket, &events) == 0;
  if (!is_made || !is_heard) return fail(netlink_error("alarm", errno));
  return alarm;
}

// One reading of both families that the kernel did not call torn.
struct Reading {
  RouteSnapshot snapshot;
  DumpMark mark;
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
    Drained drained = events_.take_pending();
    if (wrote_ipv4_ && !drained.changes.empty()) confirmed_.reset();  // others wrote as well: the count says nothing
    return drained;
  }

  Result<RouteSnapshot> snapshot(const std::vector<std::uint32_t>& tables) override {
    auto read = read_consistent(tables);
    alarm_.set(events_.has_pending());
    return read;
  }

  void keep_holders_of(std::vector<RouteKey> keys) override { kept_keys_ = std::move(keys); }

  Result<std::vector<Link>> links() override { return read_links(*requests_); }

  ApplyReport apply(const std::vector<RouteOp>& operations) override {
    events_.read();  // a rename that has happened is known before names become numbers
    alarm_.set(events_.has_pending());
    ApplyReport report = apply_routes(*requests_, events_.numbers().links, events_.numbers().nexthops, operations);
    expect(operations, report);
    return report;
  }

 private:
  Result<RouteSnapshot> read_consistent(const std::vector<std::uint32_t>& tables);
  Result<std::optional<Reading>> read_once(std::size_t read_bytes);
  Result<bool> dump_routes(std::size_t read_bytes, SnapshotBuilder& builder);
  void select(const std::vector<std::uint32_t>& tables);
  void expect(const std::vector<RouteOp>& operations, const ApplyReport& report);
  bool is_confirmed(const Reading& reading) const;
  bool agrees(const Reading& previous, const Reading& reading) const;
  Result<RouteSnapshot> accept(Reading reading);
  Result<std::uint32_t> count_policy_rules();

  std::unique_ptr<RequestSocket> requests_;
  EventQueue events_;
  Alarm alarm_;
  std::vector<std::uint32_t> named_;
  std::vector<RouteKey> kept_keys_;
  ComparedTables tables_;
  std::optional<DumpMark> confirmed_;  // of the last reading that was returned, if nothing was replayed
  bool wrote_ipv4_ = false;            // since then: confirmed_ counts what should be there, its digest is old
  std::size_t expected_routes_ = 0;
  EventMark series_start_;
};

// Two readings agree, or the reading agrees with the one returned last. Dumps can be torn without a flag:
// IPv4 on keys that change meanwhile, which their events put right, and IPv6 anywhere when routes move that
// nobody compares. If that goes on, five readings together have seen everything.
Result<RouteSnapshot> KernelRoutes::read_consistent(const std::vector<std::uint32_t>& tables) {
  select(tables);
  std::optional<Reading> previous;  // of the same undisturbed series
  RouteList gathered;
  for (std::size_t i = 0; i < kMaxTries; ++i) {
    auto reading = read_once(kReadSizes[i]);
    if (!reading) return fail(reading.error());
    if (!*reading) {
      previous.reset();
      continue;
    }
    const bool is_series = previous && previous->start.disturbances == (*reading)->start.disturbances;
    const bool is_last = is_series && i + 1 == kMaxTries;
    if (is_confirmed(**reading) || (is_series && agrees(*previous, **reading)))
      return accept(std::move(**reading));
    if (is_series)
      gathered = merge_readings(events_.changes_since(series_start_), gathered, (*reading)->snapshot.routes);
    if (is_last) {
      (*reading)->snapshot.routes = std::move(gathered);
      return accept(std::move(**reading));
    }
    if (!is_series) {
      series_start_ = (*reading)->start;
      gathered = (*reading)->snapshot.routes;
    }
    previous = std::move(*reading);
  }
  return fail(Errc::kInterrupted, "links or routes changed during each of five reads");
}

void KernelRoutes::select(const std::vector<std::uint32_t>& tables) {
  if (tables == named_) return;
  named_ = tables;
  tables_ = ComparedTables(tables);
  events_.set_tables(tables_);
  confirmed_.reset();
}

// What our own acknowledged writes make of the last reading.
void KernelRoutes::expect(const std::vector<RouteOp>& operations, const ApplyReport& report) {
  for (std::size_t i = 0; confirmed_ && i < operations.size(); ++i) {
    const RouteOp& operation = operations[i];
    if (!report.done[i] || operation.route.key.destination.address.family != Family::kIpv4) continue;
    wrote_ipv4_ = true;
    confirmed_->ipv4_count += operation.kind == OpKind::kAdd || operation.kind == OpKind::kAppend;
    confirmed_->ipv4_count -= operation.kind == OpKind::kRemove;
  }
}

// As the last one; or, after writes of our own to IPv4, as many routes as the acknowledged ones make: an IPv4 dump that
// no event disturbed can at worst lose a route where it was cut. After writes to IPv6 two readings must agree.
bool KernelRoutes::is_confirmed(const Reading& reading) const {
  if (!confirmed_ || !events_.changes_since(reading.start).empty()) return false;
  if (!wrote_ipv4_) return *confirmed_ == reading.mark;
  return confirmed_->ipv6_digest == reading.mark.ipv6_digest && confirmed_->ipv4_count == reading.mark.ipv4_count;
}

bool KernelRoutes::agrees(const Reading& previous, const Reading& reading) const {
  return equal_apart_from(events_.changes_since(previous.start), previous.snapshot.routes,
                          reading.snapshot.routes);
}

Result<RouteSnapshot> KernelRoutes::accept(Reading reading) {
  const auto rules = count_policy_rules();
  if (!rules) return fail(rules.error());
  const bool is_quiet = events_.changes_since(reading.start).empty();
  confirmed_ = is_quiet ? std::optional(reading.mark) : std::nullopt;
  wrote_ipv4_ = false;
  RouteSnapshot& snapshot = reading.snapshot;
  snapshot.policy_rules = *rules;
  if (!snapshot.truncated) snapshot.compared = static_cast<std::uint32_t>(snapshot.routes.size());
  expected_routes_ = snapshot.routes.size();
  return std::move(snapshot);
}

Result<bool> KernelRoutes::dump_routes(std::size_t read_bytes, SnapshotBuilder& builder) {
  // A kernel without IPv6 answers the question about it with IPv4: only what was asked for is taken.
  const auto visit = [&builder](std::uint8_t family) {
    return [&builder, family](const Message& message) {
      if (!message.body.empty() && message.body.front() == family) builder.take(message);
    };
  };
  const auto ipv4 = requests_->dump(RTM_GETROUTE, AF_INET, visit(AF_INET));
  if (!ipv4 || !*ipv4) return ipv4;
  if (read_bytes == kReadBytes) return requests_->dump(RTM_GETROUTE, AF_INET6, visit(AF_INET6));
  auto other_cuts = RequestSocket::open(read_bytes);  // a socket's cuts never get smaller again
  if (!other_cuts) return fail(other_cuts.error());
  return other_cuts->dump(RTM_GETROUTE, AF_INET6, visit(AF_INET6));
}

// Empty: torn, or links changed meanwhile; try again.
Result<std::optional<Reading>> KernelRoutes::read_once(std::size_t read_bytes) {
  events_.read();
  Reading reading;
  reading.start = events_.mark();
  SnapshotBuilder builder(tables_, events_.numbers().links, events_.numbers().nexthops);
  builder.keep_holders_of(kept_keys_);
  builder.reserve(expected_routes_);
  const auto is_whole = dump_routes(read_bytes, builder);
  if (!is_whole) return fail(is_whole.error());
  events_.read();
  if (builder.has_unknown_index()) ONDOL_TRY(events_.reload_numbers());
  if (builder.malformed() > 0) return fail(Errc::kCorrupt, "the kernel wrote a route that cannot be read");
  const bool is_undisturbed = events_.mark().disturbances == reading.start.disturbances;
  if (!*is_whole || builder.has_unknown_index() || !is_undisturbed) return std::optional<Reading>{};
  reading.mark = builder.mark();
  reading.snapshot = builder.finish();
  const auto changes = events_.changes_since(reading.start);
  if (!changes.empty()) replay_changes(changes, reading.snapshot.routes);
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
  auto alarm = Alarm::open(events->fd(), events->starts_fd());
  if (!alarm) return fail(alarm.error());
  return std::make_unique<KernelRoutes>(std::move(requests), std::move(*events), std::move(*alarm));
}

}  // namespace ondol::routes
