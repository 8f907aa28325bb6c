#include "collector/store/sqlite/write_rows.h"

#include "collector/store/audit_chain.h"
#include "collector/store/sqlite/read_rows.h"

namespace ondol::store {
namespace {

struct RowWriter {
  Connection& db;

  Result<void> operator()(const PutRecord& write);
  Result<void> operator()(const DeleteRecord& write);
  Result<void> operator()(const PutRevision& write);
  Result<void> operator()(const PutDesired& write);
  Result<void> operator()(const PutObserved& write);
  Result<void> operator()(const AppendEvents& write);
  Result<void> operator()(const PutDrift& write);
  Result<void> operator()(const PutStatus& write);
  Result<void> operator()(const PutToken& write);
  Result<void> operator()(const UseToken& write);
  Result<void> operator()(const PutCertificate& write);
  Result<void> operator()(const RevokeCertificates& write);
  Result<void> operator()(const PruneHost& write);
  Result<void> operator()(const AppendAudit& write);

  Result<void> delete_labels(const HostId& host);
};

Result<void> RowWriter::delete_labels(const HostId& host) {
  return db.query("DELETE FROM record_labels WHERE host = ?").text(host.value).run();
}

Result<void> RowWriter::operator()(const PutRecord& write) {
  const HostRecord& row = write.row;
  Query put = db.query("INSERT OR REPLACE INTO records (name, cluster, phase, app_type, app_group, app, service_code, "
                       "owner, rack, changed_unix_ns, changed_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  put.text(row.name.value);
  for (const std::string* field : {&row.cluster, &row.phase, &row.app_type, &row.app_group, &row.app, &row.service_code,
                                   &row.owner, &row.rack}) {
    put.text(*field);
  }
  ONDOL_TRY(put.time(row.changed).text(row.changed_by).run());
  ONDOL_TRY(delete_labels(row.name));
  for (const auto& [name, value] : row.labels) {
    Query label = db.query("INSERT INTO record_labels (host, name, value) VALUES (?, ?, ?)");
    ONDOL_TRY(label.text(row.name.value).text(name).text(value).run());
  }
  return {};
}

Result<void> RowWriter::operator()(const DeleteRecord& write) {
  ONDOL_TRY(delete_labels(write.host));
  return db.query("DELETE FROM records WHERE name = ?").text(write.host.value).run();
}

Result<void> RowWriter::operator()(const PutRevision& write) {
  const RevisionRow& row = write.row;
  ONDOL_TRY(db.query("INSERT OR REPLACE INTO revisions (id, message, author, committed_unix_ns, allow_mass_delete) "
                     "VALUES (?, ?, ?, ?, ?)")
                .text(row.id.value).text(row.message).text(row.author).time(row.committed)
                .integer(row.allow_mass_delete ? 1 : 0).run());
  ONDOL_TRY(db.query("DELETE FROM revision_files WHERE revision = ?").text(row.id.value).run());
  for (const LayerFile& file : row.files) {
    Query put = db.query("INSERT INTO revision_files (revision, path, content) VALUES (?, ?, ?)");
    ONDOL_TRY(put.text(row.id.value).text(file.path).blob(file.content).run());
  }
  ONDOL_TRY(db.query("INSERT INTO commits (number, revision, message, author, committed_unix_ns, allow_mass_delete, "
                     "hosts_changed, hosts_total) VALUES ((SELECT ifnull(max(number), 0) + 1 FROM commits), ?, ?, ?, ?, ?, ?, ?)")
                .text(row.id.value).text(row.message).text(row.author).time(row.committed)
                .integer(row.allow_mass_delete ? 1 : 0).integer(write.hosts_changed).integer(write.hosts_total).run());
  return db.query("INSERT OR REPLACE INTO current_revision (slot, id) VALUES (1, ?)").text(row.id.value).run();
}

Result<void> RowWriter::operator()(const PutDesired& write) {
  const DesiredRow& row = write.row;
  ONDOL_TRY(db.query("INSERT INTO desired (host, generation, revision, digest, payload) VALUES (?, ?, ?, ?, ?) "
                     "ON CONFLICT (host) DO UPDATE SET generation = excluded.generation, revision = excluded.revision, "
                     "digest = excluded.digest, payload = excluded.payload WHERE excluded.generation > generation")
                .text(row.host.value).number(row.generation.value).text(row.revision.value)
                .blob(as_bytes(row.digest)).blob(row.payload).run());
  if (row.generation.value > 0 && db.changed_rows() == 1) return {};
  return fail(Errc::kConflict, "a generation of " + row.host.value + " that is as new is stored already");
}

Result<void> RowWriter::operator()(const PutObserved& write) {
  const ObservedRow& row = write.row;
  return db.query("INSERT INTO observed (host, type, digest, received_unix_ns, session, payload) "
                  "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (host, type) DO UPDATE SET digest = excluded.digest, "
                  "received_unix_ns = excluded.received_unix_ns, session = excluded.session, payload = excluded.payload")
      .text(row.host.value).integer(static_cast<std::int64_t>(row.type)).blob(as_bytes(row.digest)).time(row.received)
      .text(row.session.value).blob(row.payload).run();
}

Result<void> RowWriter::operator()(const AppendEvents& write) {
  std::uint64_t last = 0;
  for (const EventRow& row : write.rows) {
    Query put = db.query("INSERT OR IGNORE INTO events (host, sequence, received_unix_ns, payload) VALUES (?, ?, ?, ?)");
    ONDOL_TRY(put.text(row.host.value).number(row.sequence.value).time(row.received).blob(row.payload).run());
    last = row.sequence.value;
  }
  return db.query("INSERT INTO event_positions (host, durable, lost) VALUES (?, ?, ?) ON CONFLICT (host) DO UPDATE SET "
                  "durable = max(durable, excluded.durable), lost = lost + excluded.lost")
      .text(write.host.value).number(last).number(write.lost).run();
}

Result<void> RowWriter::operator()(const PutDrift& write) {
  const DriftRow& row = write.row;
  return db.query("INSERT OR REPLACE INTO drift (id, host, opened_unix_ns, closed_unix_ns, payload) VALUES (?, ?, ?, ?, ?)")
      .number(row.id.value).text(row.host.value).time(row.opened).time(row.closed).blob(row.payload).run();
}

Result<void> RowWriter::operator()(const PutStatus& write) {
  const StatusRow& row = write.row;
  return db.query("INSERT OR REPLACE INTO statuses (host, type, received, applied, running, trial, blocked, "
                  "last_seen_unix_ns, agent_version, boot_id, last_result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .text(row.host.value).integer(static_cast<std::int64_t>(row.status.type)).number(row.status.received.value)
      .number(row.status.applied.value).number(row.status.running.value).number(row.status.trial.value)
      .text(row.status.blocked).time(row.last_seen).text(row.agent_version).text(row.boot_id).blob(row.last_result).run();
}

Result<void> RowWriter::operator()(const PutToken& write) {
  const TokenRow& row = write.row;
  ONDOL_TRY(db.query("INSERT OR IGNORE INTO tokens (hash, host, expires_unix_ns, used_unix_ns, created_by) "
                     "VALUES (?, ?, ?, ?, ?)")
                .blob(as_bytes(row.hash)).text(row.host.value).time(row.expires).time(row.used).text(row.created_by).run());
  if (db.changed_rows() == 1) return {};
  return fail(Errc::kAlreadyExists, "this token is stored already");
}

Result<void> RowWriter::operator()(const UseToken& write) {
  ONDOL_TRY(db.query("UPDATE tokens SET used_unix_ns = ? WHERE hash = ? AND used_unix_ns IS NULL")
                .time(write.at).blob(as_bytes(write.hash)).run());
  if (db.changed_rows() == 1) return {};
  const auto stored = read_token(db, write.hash);
  if (!stored) return fail(stored.error());
  return fail(Errc::kConflict, *stored ? "this token was used already" : "this token is not known");
}

Result<void> RowWriter::operator()(const PutCertificate& write) {
  const CertificateRow& row = write.row;
  return db.query("INSERT INTO certificates (serial, host, not_before_unix_ns, not_after_unix_ns, revoked) "
                  "VALUES (?, ?, ?, ?, ?) ON CONFLICT (serial) DO UPDATE SET host = excluded.host, "
                  "not_before_unix_ns = excluded.not_before_unix_ns, not_after_unix_ns = excluded.not_after_unix_ns, "
                  "revoked = max(revoked, excluded.revoked)")
      .text(row.serial).text(row.host.value).time(row.not_before).time(row.not_after).integer(row.revoked ? 1 : 0).run();
}

Result<void> RowWriter::operator()(const RevokeCertificates& write) {
  return db.query("UPDATE certificates SET revoked = 1 WHERE host = ?").text(write.host.value).run();
}

// Looks at the oldest rows of the host only; without that many newer ones the inner SELECT is NULL, and nothing goes.
Result<void> RowWriter::operator()(const PruneHost& write) {
  const std::string& host = write.host.value;
  ONDOL_TRY(db.query("DELETE FROM events WHERE host = ? "
                     "AND sequence IN (SELECT sequence FROM events WHERE host = ? ORDER BY sequence LIMIT ?) "
                     "AND (sequence <= (SELECT sequence FROM events WHERE host = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?) "
                     "OR (received_unix_ns < ? AND sequence <= "
                     "(SELECT sequence FROM events WHERE host = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?)))")
                .text(host).text(host).number(write.most_rows).text(host).number(write.keep_events)
                .time(write.events_from).text(host).number(write.always_keep_events).run());
  ONDOL_TRY(db.query("DELETE FROM drift "
                     "WHERE id IN (SELECT id FROM drift WHERE host = ? AND closed_unix_ns IS NOT NULL ORDER BY id LIMIT ?) "
                     "AND (id <= (SELECT id FROM drift WHERE host = ? ORDER BY id DESC LIMIT 1 OFFSET ?) "
                     "OR (closed_unix_ns < ? AND id <= (SELECT id FROM drift WHERE host = ? ORDER BY id DESC LIMIT 1 OFFSET ?)))")
                .text(host).number(write.most_rows).text(host).number(write.keep_drift).time(write.events_from).text(host)
                .number(write.always_keep_drift).run());
  return db.query("DELETE FROM certificates WHERE serial IN (SELECT serial FROM certificates WHERE host = ? "
                  "AND not_after_unix_ns < ? AND serial NOT IN (SELECT serial FROM certificates WHERE host = ? "
                  "ORDER BY not_after_unix_ns DESC, serial DESC LIMIT ?) ORDER BY not_after_unix_ns LIMIT ?)")
      .text(host).time(write.now).text(host).number(write.keep_certificates).number(write.most_rows).run();
}

Result<void> RowWriter::operator()(const AppendAudit& write) {
  const auto head = read_audit_head(db);
  if (!head) return fail(head.error());
  const AuditRow row = next_audit_row(*head, write);
  ONDOL_TRY(db.query("INSERT INTO audit (number, at_unix_ns, actor, action, subject, detail, chain) "
                     "VALUES (?, ?, ?, ?, ?, ?, ?)")
                .number(row.number).time(row.at).text(row.actor).text(row.action).text(row.subject).text(row.detail)
                .blob(as_bytes(row.chain)).run());
  return db.query("INSERT OR REPLACE INTO audit_head (slot, number, chain) VALUES (1, ?, ?)")
      .number(row.number).blob(as_bytes(row.chain)).run();
}

}  // namespace

Result<void> write_row(Connection& connection, const Write& write) {
  return std::visit(RowWriter{connection}, write);
}

}  // namespace ondol::store
