// What a collector remembers, behind one interface with one contract suite run on every engine.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/session/messages.h"

namespace ondol::store {

// An expired certificate may still be renewed on proof of its key for this long, so it is remembered.
inline constexpr auto kCertificateMemory = std::chrono::hours(24 * 30);

// ---- rows: plain values ----
struct HostRecord {  // one line of the CMDB
  HostId name;
  std::string cluster, phase, app_type, app_group, app, service_code, owner, rack;
  std::map<std::string, std::string> labels;
  WallTime changed{};
  std::string changed_by;
  bool operator==(const HostRecord&) const = default;
};

struct LayerFile {
  std::string path;     // relative: layers/global.yaml
  std::string content;
  bool operator==(const LayerFile&) const = default;
};
struct RevisionRow {
  Revision id;
  std::vector<LayerFile> files;  // sorted by path
  std::string message, author;
  WallTime committed{};
  bool allow_mass_delete = false;
  bool operator==(const RevisionRow&) const = default;
};

// One commit of a revision, without its files: a revision that was put twice has two.
struct CommitRow {
  std::uint64_t number = 0;  // from 1, no gaps; given by the store
  Revision id;
  std::string message, author;
  WallTime committed{};
  bool allow_mass_delete = false;
  std::optional<std::uint32_t> hosts_changed, hosts_total;  // empty = put before the store counted them
  bool operator==(const CommitRow&) const = default;
};

struct DesiredRow {  // the current desired state of one host
  HostId host;
  Generation generation;
  Revision revision;
  Sha256 digest;        // of payload with generation and revision left out: equal intent, equal digest
  std::string payload;  // serialised v1::DesiredState
  bool operator==(const DesiredRow&) const = default;
};

struct ObservedRow {  // the newest whole value of one host and type
  HostId host;
  session::ResourceType type = session::ResourceType::kRoutes;
  Digest digest;
  std::string payload;  // serialised v1::RoutesValue
  WallTime received{};  // collector clock
  SessionId session;
  bool operator==(const ObservedRow&) const = default;
};

struct EventRow {
  HostId host;
  EventSequence sequence;
  WallTime received{};
  std::string payload;  // serialised v1::HostEvent
  bool operator==(const EventRow&) const = default;
};

struct EventPosition {  // per host: everything up to `durable` is stored
  HostId host;
  EventSequence durable;
  std::uint64_t lost = 0;  // counted so far
  bool operator==(const EventPosition&) const = default;
};

struct DriftRow {
  DriftId id;
  HostId host;
  WallTime opened{};
  std::optional<WallTime> closed;
  std::string payload;  // serialised v1::Drift
  bool operator==(const DriftRow&) const = default;
};

struct StatusRow {  // what the host last said of itself; written when it changes and at a clean stop
  HostId host;
  session::GenerationStatus status;
  WallTime last_seen{};
  std::string agent_version, boot_id;
  std::string last_result;  // serialised v1::HostEvent with a GenerationResult; empty = none
  bool operator==(const StatusRow&) const = default;
};

struct TokenRow {
  Sha256 hash;  // of the token; the token itself is never stored
  HostId host;
  WallTime expires{};
  std::optional<WallTime> used;
  std::string created_by;
  bool operator==(const TokenRow&) const = default;
};

struct CertificateRow {
  std::string serial;  // hexadecimal
  HostId host;
  WallTime not_before{}, not_after{};
  bool revoked = false;
  bool operator==(const CertificateRow&) const = default;
};

struct AuditRow {
  std::uint64_t number = 0;  // from 1, no gaps; given by the store
  WallTime at{};
  std::string actor;     // "uid 1000 (kim)", "host pay-web-01", "collector"
  std::string action;    // config.apply, cmdb.import, token.create, enroll, renew, host.revoke ...
  std::string subject;
  std::string detail;
  Sha256 chain;          // SHA-256 of the previous chain value and this record's fields; given by the store
  bool operator==(const AuditRow&) const = default;
};

// ---- writes: data, so that a batch is one transaction on every engine ----
struct PutRecord { HostRecord row; };
struct DeleteRecord { HostId host; };
struct PutRevision {                         // also becomes the current revision; a stored id is replaced; one more commit
  RevisionRow row;
  std::uint32_t hosts_changed = 0, hosts_total = 0;
};
struct PutDesired { DesiredRow row; };       // refused (kConflict) unless generation is greater than the stored one
struct PutObserved { ObservedRow row; };
struct AppendEvents {                        // rows already stored are skipped; EventPosition moves up to the last one
  HostId host;
  std::vector<EventRow> rows;                // ascending
  std::uint64_t lost = 0;                    // added to the host's count
};
struct PutDrift { DriftRow row; };
struct PutStatus { StatusRow row; };
struct PutToken { TokenRow row; };           // refused (kAlreadyExists) when the hash is stored: a used one stays used
struct UseToken { Sha256 hash; WallTime at{}; };  // refused (kConflict) when used or unknown: exactly one use wins
struct PutCertificate { CertificateRow row; };  // a revoked one stays revoked
struct RevokeCertificates { HostId host; };
// The oldest rows of a host that lie beyond the bounds go, at most `most_rows` of each kind. Its EventPosition stays.
struct PruneHost {
  HostId host;
  WallTime now{}, events_from{};             // events received earlier go,
  std::size_t always_keep_events = 0;        // except these newest ones; and whatever is beyond
  std::size_t keep_events = 0;               // this many
  std::size_t keep_drift = 0;                // closed drift beyond this many records of the host goes, open drift never;
  std::size_t always_keep_drift = 1;         // so does what was closed before events_from, except these newest ones
  std::size_t keep_certificates = 0;         // expired ones go, except these newest ones of all
  std::size_t most_rows = 0;
};
struct AppendAudit { WallTime at{}; std::string actor, action, subject, detail; };

using Write = std::variant<PutRecord, DeleteRecord, PutRevision, PutDesired, PutObserved, AppendEvents, PutDrift,
                           PutStatus, PutToken, UseToken, PutCertificate, RevokeCertificates, PruneHost, AppendAudit>;
using Batch = std::vector<Write>;

// Thread: one thread at a time calls commit; reads may come from other threads at any time.
class Store {
 public:
  virtual ~Store() = default;

  // All of it or nothing; durable when it returns. A refused write names its index in Error::where ("write 3" is
  // batch[3]) and the whole batch is rolled back. kIo: nothing was stored; the same batch may be tried again once the
  // disk answers, unless must_reopen().
  virtual Result<void> commit(const Batch& batch) = 0;
  virtual Result<void> checkpoint() = 0;  // off the writer; may run beside commit

  virtual Result<std::vector<HostRecord>> read_records() = 0;                   // sorted by name
  virtual Result<std::optional<RevisionRow>> read_current_revision() = 0;
  virtual Result<std::optional<RevisionRow>> read_revision(const Revision& id) = 0;
  virtual Result<std::vector<CommitRow>> read_commits(std::size_t limit) = 0;   // newest first
  virtual Result<std::optional<LayerFile>> read_layer_file(const Revision& id, const std::string& path) = 0;
  virtual Result<std::vector<DesiredRow>> read_desired() = 0;                   // all hosts, sorted by name
  virtual Result<std::optional<DesiredRow>> read_desired(const HostId& host) = 0;
  virtual Result<std::optional<ObservedRow>> read_observed(const HostId& host, session::ResourceType type) = 0;
  virtual Result<std::vector<ObservedRow>> read_observed_heads() = 0;           // all hosts, payload left empty
  virtual Result<std::vector<EventRow>> read_events(const HostId& host, std::size_t limit) = 0;  // newest first
  virtual Result<std::vector<EventPosition>> read_event_positions() = 0;
  virtual Result<std::vector<DriftRow>> read_open_drift() = 0;
  // Newest first; only those with a number below `below`, unless it is 0.
  virtual Result<std::vector<DriftRow>> read_drift(const std::optional<HostId>& host, std::size_t limit, DriftId below) = 0;
  Result<std::vector<DriftRow>> read_drift(const std::optional<HostId>& host, std::size_t limit) { return read_drift(host, limit, {}); }
  virtual Result<std::optional<DriftRow>> read_drift_by_id(DriftId id) = 0;
  virtual Result<DriftId> read_highest_drift_id() = 0;
  virtual Result<std::vector<StatusRow>> read_statuses() = 0;
  virtual Result<std::optional<TokenRow>> read_token(const Sha256& hash) = 0;
  virtual Result<std::optional<CertificateRow>> read_certificate(const std::string& serial) = 0;
  virtual Result<std::vector<CertificateRow>> read_certificates() = 0;          // not yet past not_after + 30 days
  virtual Result<std::vector<AuditRow>> read_audit(std::size_t limit) = 0;      // newest first
  virtual Result<void> verify_audit() = 0;                                      // kCorrupt names the first bad number

  virtual std::string engine() const = 0;  // "memory", "sqlite"

  // A flush to disk failed, so the kernel may have dropped what it held: every commit is refused until the store is
  // opened again. Thread: any.
  virtual bool must_reopen() const { return false; }
};

std::unique_ptr<Store> make_memory_store();

struct SqliteLimits {
  std::size_t log_restart_bytes = 64 << 20;   // beyond it a checkpoint makes commits wait, to start the log afresh
  std::size_t log_refuse_bytes = 1 << 30;     // beyond it commits are refused: a foreign reader keeps the log from shrinking
  Milliseconds log_restart_pause{5'000};      // between attempts while such a reader is there
};
// Creates the file (mode 0600) and migrates older schemas; refuses newer ones, and a file that another process has open
// as its store.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, const SqliteLimits& limits = {});

}  // namespace ondol::store
