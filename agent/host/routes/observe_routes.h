// Reads routes, links and route events from the kernel over rtnetlink.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/base/author.h"
#include "common/base/clock.h"
#include "common/resources/routes/plan_routes.h"
#include "common/session/messages.h"

namespace ondol::routes {

struct Link {
  int index = 0;
  InterfaceName name;
  bool up = false;       // IFF_UP
  bool running = false;  // carrier
  std::vector<IpPrefix> addresses;  // as configured: host bits kept in address, length beside it
  bool operator==(const Link&) const = default;
};

// One multicast message about a compared route that is not our own echo. An IPv6 delete may name some of the nexthops
// only: then `route` holds just those, and what is left is for a snapshot to say. An IPv6 append holds the whole route.
struct SeenChange {
  session::ChangeKind kind = session::ChangeKind::kAdded;  // added, replaced, removed
  ObservedRoute route;       // ownership kForeign: only the core's ledger can tell
  std::uint32_t port = 0;    // netlink port of the writer; 0 = the kernel itself
  Author author;             // read from /proc at once; every field may be unknown
  Now seen;
};

struct Drained {
  std::vector<SeenChange> changes;  // in kernel order
  bool overrun = false;             // ENOBUFS: events were lost, take a snapshot
  bool links_changed = false;       // link, address or nexthop event: IPv4 routes may have vanished without a word
  std::string error;                // the socket failed otherwise; empty = fine
};

// What became of one operation.
struct OpFailure {
  std::size_t index = 0;   // into the operations given
  int error_number = 0;    // errno
  std::string text;        // extended-ack text of the kernel, else strerror
  bool waiting = false;    // its link or address is not there (ENETUNREACH, ENODEV, ENETDOWN, unknown interface)
  bool conflict = false;   // EEXIST on add and replace, ENOENT on replace, ESRCH on remove
};
struct ApplyReport {
  std::vector<bool> done;           // one per operation: acknowledged by the kernel
  std::vector<OpFailure> failures;  // in order
  Nanoseconds duration{};
};

struct RouteSocketOptions {
  int receive_buffer_bytes = 8 << 20;  // SO_RCVBUFFORCE, else SO_RCVBUF
  bool blame = true;                   // read /proc for authors
  bool hear_starts = false;            // know processes from their start on, where the kernel tells it
  int starts_socket = -1;              // subscribed by the service manager; -1 = none, one is opened
};

// Thread: one. Never blocks except inside snapshot, links and apply, which are kernel round trips (micro- to
// milliseconds). The event socket has a kernel-side filter: protocols that are never compared and our own writes are
// dropped there; links, addresses and nexthops pass.
class RouteSocket {
 public:
  virtual ~RouteSocket() = default;

  // Poll it for reading. Not the socket itself: it also wakes for events that a snapshot or an apply came across.
  virtual int event_fd() const = 0;
  // Everything queued now.
  virtual Drained drain() = 0;
  // All compared routes of `main`, `tables` and both families, in one consistent read: one dump if it equals the last
  // one returned, else two that agree once what changed in between is replayed; kInterrupted after 5 tries that links
  // or overruns disturbed. Ownership is kForeign everywhere, protocol says more. Also sets the tables of drain().
  virtual Result<RouteSnapshot> snapshot(const std::vector<std::uint32_t>& tables) = 0;
  // Snapshots show every holder of these keys (sorted), also where there are more foreign routes than one may hold.
  virtual void keep_holders_of(std::vector<RouteKey> keys) = 0;
  virtual Result<std::vector<Link>> links() = 0;
  // One batch, acknowledged by its last message; every failure is attributed. Continues past failures.
  virtual ApplyReport apply(const std::vector<RouteOp>& operations) = 0;
};

Result<std::unique_ptr<RouteSocket>> open_route_socket(const RouteSocketOptions& options);

}  // namespace ondol::routes
