// Everything a collector's core can ask of the world. The runtime does them in order and decides nothing.
#pragma once

#include "collector/core/events.h"

namespace ondol::collector {

// What is to be made durable for one host, all or nothing. Newer work merges onto older work that is still waiting.
struct HostWrites {
  struct Value {
    Digest digest;
    std::string payload;
    WallTime received{};
    SessionId session;
  };
  struct Entry {
    session::HostEvent event;
    WallTime received{};
  };
  struct Status {
    session::GenerationStatus status;
    WallTime last_seen{};
    std::string agent_version, boot_id;
    std::optional<session::GenerationResult> last_result;
  };
  struct Audit {
    WallTime at{};
    std::string actor, action, subject, detail;
  };
  std::optional<Value> value;
  std::vector<Entry> events;               // ascending
  std::uint64_t lost = 0;
  std::vector<session::DriftRecord> drifts;  // at most one per id
  std::optional<Status> status;
  std::vector<Audit> audits;

  bool empty() const { return !value && events.empty() && lost == 0 && drifts.empty() && !status && audits.empty(); }
};
// newer wins; events and audits append.
void merge(HostWrites& older, HostWrites newer);

struct Send {
  StreamId to;
  session::ToAgent message;
};
struct SendOffer {  // the runtime reads the desired state from the store and sends it whole
  StreamId to;
  HostId host;
  Generation generation;
};
struct Close {
  StreamId which;
  std::string reason;
  Milliseconds retry_after{};  // 0 = the agent's own back-off
};
struct AnswerContact {  // the only message of a contact's stream, which then ends well
  StreamId to;
  session::ContactReply reply;
};
struct TryPorts {  // connect to the address of `peer`; answered by PortsTried
  StreamId asked_by;
  std::string peer;  // "ipv4:10.0.0.1:4711"
  std::vector<std::uint16_t> ports;
};
struct Persist {  // answered by StoreDone with the same token
  Token token;
  HostId host;
  std::shared_ptr<const HostWrites> writes;
};
struct LoadValue {  // answered by ValueLoaded
  HostId host;
};
struct Publish {  // durable now: tell the watchers
  session::DriftRecord drift;
};
enum class Notice { kCloneRefused, kIdentityRefused, kHostSilent, kHostRebooted, kHostStuck, kContested, kEventsLost, kGenerationRefused,
                    kEventsRenumbered, kStoreFailed, kStoreHealed, kWriteRefused, kContactRefused,
                    kTrialRolledBack };
struct Tell {  // one line in the journal
  Notice notice;
  std::string host;
  std::string text;
};

using Effect = std::variant<Send, SendOffer, Close, AnswerContact, TryPorts, Persist, LoadValue, Publish, Tell>;
using Effects = std::vector<Effect>;

}  // namespace ondol::collector
