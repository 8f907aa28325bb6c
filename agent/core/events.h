// Everything that can happen to an agent: the only way into its core.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "agent/core/apply_guard.h"
#include "agent/core/effects.h"
#include "agent/core/stored_state.h"
#include "common/session/messages.h"

namespace ondol::agent {

// One kernel message about a compared route that was not our own write.
struct TouchedRoute {
  session::ChangeKind kind = session::ChangeKind::kAdded;
  routes::ObservedRoute route;
  std::uint32_t port = 0;  // netlink port of the writer; 0 = the kernel itself
  Author author;
  Now seen;
};

struct Booted { StoredState stored; };
struct RoutesTouched { std::vector<TouchedRoute> changes; };  // in kernel order, one drain
struct KernelNotice {
  bool overrun = false;
  bool links_changed = false;
  std::string error;
};
struct RoutesRead {
  ReadPurpose purpose = ReadPurpose::kSweep;
  Result<routes::RouteSnapshot> snapshot;
  Result<std::vector<LinkFacts>> links;
};
struct FailedOp {
  std::size_t index = 0;
  std::string text;
  bool waiting = false;   // its link or address is not there
  bool conflict = false;  // EEXIST on add, ESRCH on remove
};
struct RoutesApplied {
  ApplyPurpose purpose = ApplyPurpose::kRepair;
  std::vector<bool> done;
  std::vector<FailedOp> failures;
  Now finished;
};
struct Persisted {
  StoredItem item = StoredItem::kHighest;
  Result<void> result;
};
struct PreflightDone {
  std::uint64_t attempt = 0;
  Result<trial::PreflightVerdict> verdict;  // kUnavailable: nobody can judge on this host
};
struct ProbesDone {
  std::uint64_t attempt = 0;
  std::vector<trial::ProbeResult> results;
};
struct ContactMade {
  std::uint64_t attempt = 0;
  Result<session::ContactReply> reply;
};
struct UndoArmed {  // a failure also when the keeper is lost in the middle of a trial
  Generation generation;
  Result<void> result;
};
struct SpoolTrimmed { EventSequence oldest; };   // the bound dropped older ones
struct EventsSent { EventSequence through; };    // answer to SendEvents
struct ReportEncoded { Digest digest; };         // answer to EncodeReport
struct SessionOpened { HostId host; };           // as the certificate names it
struct SessionReceived { session::ToAgent message; };
struct SessionClosed {
  std::string reason;
  bool refused = false;
};
struct CollectorResolved { std::vector<IpPrefix> path; };  // its addresses, /32 and /128
struct GuardLoaded { GuardRules rules; };
struct SafeModeSet { std::string reason; };  // "safe_mode: ..."; empty = it ended
struct LocalRequest {
  enum class Verb : std::uint8_t { kHold, kRelease, kWithdraw, kRollback };
  Verb verb = Verb::kHold;
  std::uint64_t id = 0;  // returned in Answer
  std::string who;       // "uid 0 (pid 4121)"
};
struct TimerFired {};

using Happening = std::variant<Booted, RoutesTouched, KernelNotice, RoutesRead, RoutesApplied, Persisted, PreflightDone,
                               ProbesDone, ContactMade, UndoArmed, SpoolTrimmed, EventsSent, ReportEncoded, SessionOpened,
                               SessionReceived, SessionClosed, CollectorResolved, GuardLoaded, SafeModeSet, LocalRequest,
                               TimerFired>;

struct Event {
  Now now;
  std::uint64_t random = 0;  // uniform: jitter is decided inside, randomness comes from outside
  Happening what;
};

}  // namespace ondol::agent
