// The conversation of agent and collector as plain whole values. Chunks, digests and limits are wire's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/author.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/resources/routes/diff_routes.h"
#include "common/resources/trial/trial.h"

namespace ondol::session {

inline constexpr std::uint32_t kProtocolVersion = 1;
inline constexpr std::size_t kMaxReportedRoutes = 20'000;  // foreign ones beyond it are counted, `truncated` is set
inline constexpr std::size_t kMaxEventsPerBatch = 256;

enum class ResourceType : std::uint8_t { kRoutes = 1 };
std::string_view to_string(ResourceType type);

// ---- values ----
struct RouteObjectState {
  routes::RouteKey key;
  routes::RouteState state = routes::RouteState::kMissing;
  std::string reason;               // "eth1 down", or the kernel's text; at most 256 bytes
  std::optional<Author> contender;  // the other writer of a contested object
  WallTime since{};
  bool operator==(const RouteObjectState&) const = default;
};

struct RoutesReport {
  routes::RouteSnapshot snapshot;              // ownership filled in
  std::vector<RouteObjectState> not_in_sync;   // sorted by key
  bool operator==(const RoutesReport&) const = default;
};

// ---- events: a numbered log ----
enum class ChangeKind : std::uint8_t { kAdded = 1, kReplaced = 2, kRemoved = 3, kVanished = 4 };
struct RouteChange {
  routes::RouteKey key;
  ChangeKind kind = ChangeKind::kAdded;
  std::optional<routes::RouteValue> before;
  std::optional<routes::RouteValue> after;
  std::uint8_t protocol = 0;
  std::optional<Author> author;
  bool operator==(const RouteChange&) const = default;
};

enum class RepairOutcome : std::uint8_t { kRepaired = 1, kFailed, kWaiting, kContested, kHeld, kReportOnly };
struct RouteRepair {
  routes::RouteKey key;
  RepairOutcome outcome = RepairOutcome::kRepaired;
  std::string reason;
  Nanoseconds latency{};          // kernel event read -> kernel acknowledgement of the repair
  EventSequence answers;          // the RouteChange that made it necessary; 0 = none
  bool operator==(const RouteRepair&) const = default;
};

enum class GenerationOutcome : std::uint8_t { kConfirmed = 1, kRefused = 2, kRolledBack = 3, kTrial = 4 };
struct GenerationResult {
  Generation generation;
  Revision revision;
  GenerationOutcome outcome = GenerationOutcome::kConfirmed;
  std::string reason;  // a word, then ": " and text for people
  std::vector<RouteObjectState> refused;  // at most 100
  std::uint32_t added = 0, replaced = 0, removed = 0;
  Nanoseconds duration{};
  std::vector<trial::ProbeResult> probes{};  // kTrial: green before; later: what was seen last; at most trial::kMaxProbes
  Milliseconds deadline{};                   // kTrial: time given; 0 = kept without a trial
  bool operator==(const GenerationResult&) const = default;
};

struct ObserverNotice {
  ResourceType type = ResourceType::kRoutes;
  std::string what;    // overrun resync torn_dump foreign_flush_suspected agent_restarted hold release withdraw
  std::string detail;
  bool operator==(const ObserverNotice&) const = default;
};

struct HostEvent {
  EventSequence sequence;
  WallTime happened{};  // host clock
  std::variant<RouteChange, RouteRepair, GenerationResult, ObserverNotice> what;
  bool operator==(const HostEvent&) const = default;
};

// ---- messages, agent to collector ----
struct ValueDigest {
  ResourceType type = ResourceType::kRoutes;
  Digest digest;
  bool operator==(const ValueDigest&) const = default;
};

struct GenerationStatus {
  ResourceType type = ResourceType::kRoutes;
  Generation received, applied, running;
  std::string blocked;  // "held", "guard: ..."; empty = nothing in the way
  Generation trial;              // applied and not yet confirmed; 0 = none
  Milliseconds trial_left{};     // until it is undone, when this was said
  bool operator==(const GenerationStatus&) const = default;
};

struct Hello {
  HostId host;
  std::uint32_t protocol_version = kProtocolVersion;
  std::string agent_version, boot_id, instance_id;
  std::vector<ValueDigest> held;
  EventSequence next_event, oldest_event;
  GenerationStatus status;
  WallTime sent{};
  bool operator==(const Hello&) const = default;
};

struct ObserverProgress {
  ResourceType type = ResourceType::kRoutes;
  std::optional<Digest> digest;  // of the last whole value; empty = never
  std::uint64_t rounds = 0;
  std::string error;
  Milliseconds age{};
  bool operator==(const ObserverProgress&) const = default;
};

struct Heartbeat {
  std::uint64_t sequence = 0;
  std::vector<ObserverProgress> observers;
  WallTime sent{};
  EventSequence next_event;
  bool operator==(const Heartbeat&) const = default;
};

struct ValueReport {
  Digest digest;        // of `payload`
  std::string payload;  // serialised RoutesValue, stored as it came
  RoutesReport routes;  // decoded from payload
  bool operator==(const ValueReport&) const = default;
};

struct EventBatch {
  EventSequence first;
  std::vector<HostEvent> events;
  std::uint64_t lost = 0;
  bool operator==(const EventBatch&) const = default;
};

// The first and only message of a connection made for it: proof that the host can still be reached, and reach.
enum class ContactPhase : std::uint8_t {
  kBefore = 1,  // nothing is changed yet: which inbound ports answer?
  kAfter = 2,   // applied: confirm it, after trying the same ports
};
struct Contact {
  HostId host;
  Generation generation;
  ContactPhase phase = ContactPhase::kBefore;
  std::string instance_id;                   // of the agent process, as its session's hello said
  std::vector<std::uint16_t> inbound_ports;  // sorted, unique; at most trial::kMaxProbes
  bool operator==(const Contact&) const = default;
};

using ToCollector = std::variant<Hello, Heartbeat, ValueReport, EventBatch, GenerationStatus, Contact>;

// ---- messages, collector to agent ----
struct Welcome {
  SessionId session;
  EventSequence durable_event;     // everything up to here is stored
  std::vector<ValueDigest> held;   // what the collector has
  Milliseconds heartbeat_interval{30'000};
  Generation offered;
  std::string collector_version;
  bool operator==(const Welcome&) const = default;
};
struct EventAck {
  EventSequence durable;
  bool operator==(const EventAck&) const = default;
};
struct ValueAck {
  ResourceType type = ResourceType::kRoutes;
  Digest digest;
  bool operator==(const ValueAck&) const = default;
};
struct ValueRequest {
  ResourceType type = ResourceType::kRoutes;
  bool operator==(const ValueRequest&) const = default;
};
struct DesiredOffer {
  DesiredState state;
  bool operator==(const DesiredOffer&) const = default;
};
struct Goodbye {
  std::string reason;
  Milliseconds retry_after{};
  bool operator==(const Goodbye&) const = default;
};

// The answer to a Contact, then the stream ends.
struct ContactReply {
  Generation generation;
  bool confirmed = false;                    // kAfter only: the collector wants this generation kept
  std::string reason;                        // why not; empty when confirmed or kBefore was taken
  std::vector<trial::ProbeResult> inbound;   // one per port asked for, in order
  bool operator==(const ContactReply&) const = default;
};

using ToAgent = std::variant<Welcome, EventAck, ValueAck, ValueRequest, DesiredOffer, Goodbye, ContactReply>;

}  // namespace ondol::session
