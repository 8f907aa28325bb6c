// Everything that can happen to a collector, as plain values: the only input of its core.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "collector/store/store.h"
#include "common/session/drift.h"

namespace ondol::collector {

using StreamId = StrongId<struct StreamIdTag, std::uint64_t>;  // one agent stream; never reused in a process
using Token = StrongId<struct TokenTag, std::uint64_t>;        // one write that was asked for

// What the core remembers of a desired state; the routes themselves stay in the store.
struct DesiredHead {
  HostId host;
  Generation generation;
  Revision revision;
  std::optional<Mode> mode;  // empty = unmanaged
  bool operator==(const DesiredHead&) const = default;
};

using DesiredPtr = std::shared_ptr<const DesiredState>;  // empty = nothing was ever written for the host

// Once, first: what the store holds. Values and desired states without their payload.
struct Loaded {
  struct Status {
    store::StatusRow row;
    std::optional<session::GenerationResult> last_result;
  };
  std::vector<store::HostRecord> records;
  std::vector<DesiredHead> desired;
  std::vector<store::ObservedRow> observed;
  std::vector<store::EventPosition> positions;
  std::vector<session::DriftRecord> open_drift;
  std::vector<Status> statuses;
  std::vector<store::CertificateRow> certificates;
  DriftId highest_drift;
};

struct StreamOpened {
  StreamId stream;
  HostId host;           // of the certificate
  std::string serial;
  std::string peer;
  SessionId session;     // random, made by the runtime
};
struct MessageIn {
  StreamId stream;
  session::ToCollector message;
  DesiredPtr desired;    // of the stream's host, when the message is a value or events: what is durable now
};
struct StreamClosed {
  StreamId stream;
  std::string reason;
};
// Somebody at the host's address reached this port and did not get through TLS.
struct TurnedAway {
  HostId host;
};
// The answer to Effect LoadValue. An error (nothing stored, unreadable) compares nothing.
struct ValueLoaded {
  HostId host;
  std::shared_ptr<const session::RoutesReport> routes;  // empty = could not be read
  DesiredPtr desired;
};
// The answer to Effect TryPorts: one result per port, in order.
struct PortsTried {
  StreamId asked_by;
  std::vector<trial::ProbeResult> results;
};
struct StoreDone {
  Token token;
  std::optional<Error> error;  // empty = durable
};
struct Tick {};  // about ten times a second
struct RecordsChanged {
  std::vector<store::HostRecord> records;  // added or changed; durable
};
struct RevisionCommitted {
  std::vector<DesiredHead> desired;  // of the hosts whose intent changed; durable
};
struct CertificateIssued {
  store::CertificateRow row;  // durable
};
struct HostRevoked {
  HostId host;  // durable: every certificate issued so far is revoked
};
struct Stopping {};  // statuses are written, nothing else is asked for

using Event = std::variant<Loaded, StreamOpened, MessageIn, StreamClosed, TurnedAway, ValueLoaded, PortsTried, StoreDone, Tick, RecordsChanged,
                           RevisionCommitted, CertificateIssued, HostRevoked, Stopping>;

}  // namespace ondol::collector
