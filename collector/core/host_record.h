// What a collector remembers of one host: its record, numbers, liveness and open drift. Values stay in the store.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/core/effects.h"
#include "collector/core/reconcile.h"

namespace ondol::collector {

enum class Liveness : std::uint8_t { kNeverEnrolled = 1, kOnline, kStuck, kSilent, kUnknownSinceRestart };
std::string_view to_string(Liveness liveness);

// The digest of a value and its circumstances; the value is in the store.
struct ValueHead {
  Digest digest;
  WallTime received{};
  SessionId session;
};

struct KnownCertificate {
  std::string serial;
  WallTime not_after{};
  bool revoked = false;
};

// Only while a stream is up.
struct Live {
  StreamId stream;
  SessionId session;
  std::string instance_id;
  BootTime last_heard{};
  std::uint64_t rounds = 0;        // of the routes observer
  BootTime progressed{};           // when rounds last grew
  std::string observation_error;   // empty = the last observation succeeded
  std::optional<Digest> told;      // the digest of the last heartbeat
  std::optional<BootTime> offered;  // when the desired state was last sent
  bool events_dropped = false;     // not taken while the store failed: the agent must send them again
};

// The change of intent that this host tries, or tried last. Its outcome is the host's last result.
struct TrialHead {
  Generation generation;
  bool running = false;
  WallTime deadline{};  // of a running one, by the collector's clock: then it is undone
  std::vector<trial::ProbeResult> before;  // what was green before the change; empty until the host told
};

// What is on its way to the store. At most one write per host is in flight; what comes meanwhile is merged behind it.
struct PendingWrites {
  std::optional<Token> token;
  std::shared_ptr<const HostWrites> in_flight;
  HostWrites next;
  bool failed = false;  // waits for the store to heal
};

struct HostState {
  explicit HostState(const HostId& host) : drift(host) {}

  std::optional<store::HostRecord> record;  // empty: the store knows things of a host that no record names
  DesiredHead desired;                      // generation 0 = nothing was ever written for it
  std::optional<ValueHead> value;           // durable
  std::optional<Digest> value_on_its_way;
  std::uint32_t routes = 0;                 // compared routes in the newest value; 0 until one arrives in this process
  session::GenerationStatus status;
  std::unique_ptr<session::GenerationResult> last_result;
  std::unique_ptr<TrialHead> trial;         // empty = none is known in this process
  std::string agent_version, boot_id;
  EventSequence durable, accepted;          // accepted runs ahead of durable by what is in flight
  std::uint64_t lost = 0;
  std::vector<KnownCertificate> certificates;  // not yet expired
  WallTime certificate_not_after{};            // of the newest one; 0 = never enrolled
  bool revoked = false;                        // and not enrolled again since

  DriftBook drift;
  DriftCounts counts;
  Generation compared;                      // the last generation a value was compared with in this process
  std::optional<BootTime> compare_at;       // the first heartbeat from then on that names the stored value compares it

  Liveness liveness = Liveness::kNeverEnrolled;
  std::string silence_reason;
  WallTime last_seen{};                     // collector clock; 0 = never
  BootTime closed_at{};
  BootTime turned_away_at{};                // at the door, by TLS
  Nanoseconds clock_offset{};               // host minus collector
  std::string session_peer;                 // where the newest session came from; kept while it is over
  std::unique_ptr<Live> live;
  std::unique_ptr<PendingWrites> pending;
};

}  // namespace ondol::collector
