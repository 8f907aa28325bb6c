#include "collector/store/sqlite/read_rows.h"

#include <algorithm>
#include <limits>

namespace ondol::store {
namespace {

std::uint64_t bounded(std::size_t limit) { return std::min<std::uint64_t>(limit, 1u << 30); }

HostRecord record_of(Query& row) {
  HostRecord record;
  record.name = HostId(row.text());
  for (std::string* field : {&record.cluster, &record.phase, &record.app_type, &record.app_group, &record.app,
                             &record.service_code, &record.owner, &record.rack}) {
    *field = row.text();
  }
  record.changed = row.time();
  record.changed_by = row.text();
  return record;
}

struct Label {
  HostId host;
  std::string name, value;
};
Label label_of(Query& row) {
  Label label;
  label.host = HostId(row.text());
  label.name = row.text();
  label.value = row.text();
  return label;
}

RevisionRow revision_of(Query& row) {
  RevisionRow revision;
  revision.id = Revision(row.text());
  revision.message = row.text();
  revision.author = row.text();
  revision.committed = row.time();
  revision.allow_mass_delete = row.integer() != 0;
  return revision;
}

// Counts of -1 were put before the store counted.
CommitRow commit_of(Query& row) {
  CommitRow commit;
  commit.number = row.number();
  commit.id = Revision(row.text());
  commit.message = row.text();
  commit.author = row.text();
  commit.committed = row.time();
  commit.allow_mass_delete = row.integer() != 0;
  for (auto* count : {&commit.hosts_changed, &commit.hosts_total}) {
    const std::int64_t stored = row.integer();
    if (stored >= 0) *count = static_cast<std::uint32_t>(stored);
  }
  return commit;
}

LayerFile file_of(Query& row) {
  LayerFile file;
  file.path = row.text();
  file.content = row.blob();
  return file;
}

DesiredRow desired_of(Query& row) {
  DesiredRow desired;
  desired.host = HostId(row.text());
  desired.generation = Generation(row.number());
  desired.revision = Revision(row.text());
  desired.digest = row.sha256();
  desired.payload = row.blob();
  return desired;
}

ObservedRow observed_head_of(Query& row) {
  ObservedRow observed;
  observed.host = HostId(row.text());
  observed.type = static_cast<session::ResourceType>(row.integer());
  observed.digest = row.digest();
  observed.received = row.time();
  observed.session = SessionId(row.text());
  return observed;
}
ObservedRow observed_of(Query& row) {
  ObservedRow observed = observed_head_of(row);
  observed.payload = row.blob();
  return observed;
}

EventRow event_of(Query& row) {
  EventRow event;
  event.host = HostId(row.text());
  event.sequence = EventSequence(row.number());
  event.received = row.time();
  event.payload = row.blob();
  return event;
}

EventPosition position_of(Query& row) {
  EventPosition position;
  position.host = HostId(row.text());
  position.durable = EventSequence(row.number());
  position.lost = row.number();
  return position;
}

DriftRow drift_of(Query& row) {
  DriftRow drift;
  drift.id = DriftId(row.number());
  drift.host = HostId(row.text());
  drift.opened = row.time();
  drift.closed = row.optional_time();
  drift.payload = row.blob();
  return drift;
}

StatusRow status_of(Query& row) {
  StatusRow status;
  status.host = HostId(row.text());
  status.status.type = static_cast<session::ResourceType>(row.integer());
  for (Generation* generation : {&status.status.received, &status.status.applied, &status.status.running,
                                 &status.status.trial}) {
    *generation = Generation(row.number());
  }
  status.status.blocked = row.text();
  status.last_seen = row.time();
  status.agent_version = row.text();
  status.boot_id = row.text();
  status.last_result = row.blob();
  return status;
}

Result<std::optional<RevisionRow>> with_files(Connection& db, Result<std::optional<RevisionRow>> revision) {
  if (!revision || !*revision) return revision;
  Query query = db.query("SELECT path, content FROM revision_files WHERE revision = ? ORDER BY path");
  query.text((*revision)->id.value);
  auto files = rows_of(query, file_of);
  if (!files) return fail(files.error());
  (*revision)->files = std::move(*files);
  return revision;
}

// Both lists ascend by host.
void attach_labels(std::vector<HostRecord>& records, std::vector<Label> labels) {
  auto record = records.begin();
  for (Label& label : labels) {
    while (record != records.end() && record->name < label.host) ++record;
    if (record == records.end()) return;
    if (record->name == label.host) record->labels.emplace(std::move(label.name), std::move(label.value));
  }
}

}  // namespace

Result<std::vector<HostRecord>> read_records(Connection& db) {
  const auto snapshot = Transaction::begin(db, Transaction::Kind::kRead);
  if (!snapshot) return fail(snapshot.error());
  Query of_records = db.query("SELECT name, cluster, phase, app_type, app_group, app, service_code, owner, rack, "
                              "changed_unix_ns, changed_by FROM records ORDER BY name");
  auto records = rows_of(of_records, record_of);
  if (!records) return records;
  Query of_labels = db.query("SELECT host, name, value FROM record_labels ORDER BY host, name");
  auto labels = rows_of(of_labels, label_of);
  if (!labels) return fail(labels.error());
  attach_labels(*records, std::move(*labels));
  return records;
}

Result<std::optional<RevisionRow>> read_current_revision(Connection& db) {
  const auto snapshot = Transaction::begin(db, Transaction::Kind::kRead);
  if (!snapshot) return fail(snapshot.error());
  Query query = db.query("SELECT id, message, author, committed_unix_ns, allow_mass_delete FROM revisions "
                         "WHERE id = (SELECT id FROM current_revision)");
  return with_files(db, first_of(query, revision_of));
}

Result<std::optional<RevisionRow>> read_revision(Connection& db, const Revision& id) {
  const auto snapshot = Transaction::begin(db, Transaction::Kind::kRead);
  if (!snapshot) return fail(snapshot.error());
  Query query = db.query("SELECT id, message, author, committed_unix_ns, allow_mass_delete FROM revisions WHERE id = ?");
  query.text(id.value);
  return with_files(db, first_of(query, revision_of));
}

Result<std::vector<CommitRow>> read_commits(Connection& db, std::size_t limit) {
  Query query = db.query("SELECT number, revision, message, author, committed_unix_ns, allow_mass_delete, hosts_changed, "
                         "hosts_total FROM commits ORDER BY number DESC LIMIT ?");
  query.number(bounded(limit));
  return rows_of(query, commit_of);
}

Result<std::optional<LayerFile>> read_layer_file(Connection& db, const Revision& id, const std::string& path) {
  Query query = db.query("SELECT path, content FROM revision_files WHERE revision = ? AND path = ?");
  query.text(id.value).text(path);
  return first_of(query, file_of);
}

Result<std::vector<DesiredRow>> read_desired(Connection& db) {
  Query query = db.query("SELECT host, generation, revision, digest, payload FROM desired ORDER BY host");
  return rows_of(query, desired_of);
}

Result<std::optional<DesiredRow>> read_desired(Connection& db, const HostId& host) {
  Query query = db.query("SELECT host, generation, revision, digest, payload FROM desired WHERE host = ?");
  query.text(host.value);
  return first_of(query, desired_of);
}

Result<std::optional<ObservedRow>> read_observed(Connection& db, const HostId& host, session::ResourceType type) {
  Query query = db.query("SELECT host, type, digest, received_unix_ns, session, payload FROM observed "
                         "WHERE host = ? AND type = ?");
  query.text(host.value).integer(static_cast<std::int64_t>(type));
  return first_of(query, observed_of);
}

Result<std::vector<ObservedRow>> read_observed_heads(Connection& db) {
  Query query = db.query("SELECT host, type, digest, received_unix_ns, session FROM observed ORDER BY host, type");
  return rows_of(query, observed_head_of);
}

Result<std::vector<EventRow>> read_events(Connection& db, const HostId& host, std::size_t limit) {
  Query query = db.query("SELECT host, sequence, received_unix_ns, payload FROM events WHERE host = ? "
                         "ORDER BY sequence DESC LIMIT ?");
  query.text(host.value).number(bounded(limit));
  return rows_of(query, event_of);
}

Result<std::vector<EventPosition>> read_event_positions(Connection& db) {
  Query query = db.query("SELECT host, durable, lost FROM event_positions ORDER BY host");
  return rows_of(query, position_of);
}

Result<std::vector<DriftRow>> read_open_drift(Connection& db) {
  Query query = db.query("SELECT id, host, opened_unix_ns, closed_unix_ns, payload FROM drift "
                         "WHERE closed_unix_ns IS NULL ORDER BY id");
  return rows_of(query, drift_of);
}

Result<std::vector<DriftRow>> read_drift(Connection& db, const std::optional<HostId>& host, std::size_t limit, DriftId below) {
  const std::uint64_t end = below.value == 0 ? std::numeric_limits<std::int64_t>::max() : below.value;
  if (host) {
    Query query = db.query("SELECT id, host, opened_unix_ns, closed_unix_ns, payload FROM drift WHERE host = ? "
                           "AND id < ? ORDER BY id DESC LIMIT ?");
    query.text(host->value).number(end).number(bounded(limit));
    return rows_of(query, drift_of);
  }
  Query query = db.query("SELECT id, host, opened_unix_ns, closed_unix_ns, payload FROM drift WHERE id < ? "
                         "ORDER BY id DESC LIMIT ?");
  query.number(end).number(bounded(limit));
  return rows_of(query, drift_of);
}

Result<std::optional<DriftRow>> read_drift_by_id(Connection& db, DriftId id) {
  Query query = db.query("SELECT id, host, opened_unix_ns, closed_unix_ns, payload FROM drift WHERE id = ?");
  query.number(id.value);
  return first_of(query, drift_of);
}

Result<DriftId> read_highest_drift_id(Connection& db) {
  Query query = db.query("SELECT max(id) FROM drift");
  const DriftId highest{query.next() ? query.number() : 0};
  ONDOL_TRY(query.finish());
  return highest;
}

Result<std::vector<StatusRow>> read_statuses(Connection& db) {
  Query query = db.query("SELECT host, type, received, applied, running, trial, blocked, last_seen_unix_ns, "
                         "agent_version, boot_id, last_result FROM statuses ORDER BY host, type");
  return rows_of(query, status_of);
}

}  // namespace ondol::store
