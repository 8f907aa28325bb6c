-- Times are nanoseconds since 1970 in UTC. Payloads are serialised messages of proto/ondol/v1.

CREATE TABLE records (
  name TEXT PRIMARY KEY,
  cluster TEXT NOT NULL, phase TEXT NOT NULL, app_type TEXT NOT NULL, app_group TEXT NOT NULL, app TEXT NOT NULL,
  service_code TEXT NOT NULL, owner TEXT NOT NULL, rack TEXT NOT NULL,
  changed_unix_ns INTEGER NOT NULL, changed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE record_labels (
  host TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (host, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE revisions (
  id TEXT PRIMARY KEY, message TEXT NOT NULL, author TEXT NOT NULL,
  committed_unix_ns INTEGER NOT NULL, allow_mass_delete INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE revision_files (
  revision TEXT NOT NULL, path TEXT NOT NULL, content BLOB NOT NULL,
  PRIMARY KEY (revision, path)
) STRICT;
CREATE TABLE current_revision (slot INTEGER PRIMARY KEY CHECK (slot = 1), id TEXT NOT NULL) STRICT;

CREATE TABLE desired (
  host TEXT PRIMARY KEY, generation INTEGER NOT NULL, revision TEXT NOT NULL, digest BLOB NOT NULL,
  payload BLOB NOT NULL
) STRICT;

CREATE TABLE observed (  -- payload last: reading the heads leaves its overflow pages alone
  host TEXT NOT NULL, type INTEGER NOT NULL, digest BLOB NOT NULL, received_unix_ns INTEGER NOT NULL,
  session TEXT NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (host, type)
) STRICT;

CREATE TABLE events (
  host TEXT NOT NULL, sequence INTEGER NOT NULL, received_unix_ns INTEGER NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (host, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE event_positions (
  host TEXT PRIMARY KEY, durable INTEGER NOT NULL, lost INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE drift (
  id INTEGER PRIMARY KEY, host TEXT NOT NULL, opened_unix_ns INTEGER NOT NULL, closed_unix_ns INTEGER,
  payload BLOB NOT NULL
) STRICT;
CREATE INDEX drift_by_host ON drift (host, id);
CREATE INDEX drift_open ON drift (id) WHERE closed_unix_ns IS NULL;

CREATE TABLE statuses (
  host TEXT NOT NULL, type INTEGER NOT NULL,
  received INTEGER NOT NULL, applied INTEGER NOT NULL, running INTEGER NOT NULL, trial INTEGER NOT NULL,
  blocked TEXT NOT NULL, last_seen_unix_ns INTEGER NOT NULL, agent_version TEXT NOT NULL, boot_id TEXT NOT NULL,
  last_result BLOB NOT NULL,
  PRIMARY KEY (host, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
  hash BLOB PRIMARY KEY, host TEXT NOT NULL, expires_unix_ns INTEGER NOT NULL, used_unix_ns INTEGER,
  created_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE certificates (
  serial TEXT PRIMARY KEY, host TEXT NOT NULL, not_before_unix_ns INTEGER NOT NULL, not_after_unix_ns INTEGER NOT NULL,
  revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX certificates_by_host ON certificates (host);
CREATE INDEX certificates_by_expiry ON certificates (not_after_unix_ns);

CREATE TABLE audit (
  number INTEGER PRIMARY KEY, at_unix_ns INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  subject TEXT NOT NULL, detail TEXT NOT NULL, chain BLOB NOT NULL
) STRICT;
CREATE TABLE audit_head (
  slot INTEGER PRIMARY KEY CHECK (slot = 1), number INTEGER NOT NULL, chain BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'audit records are never deleted'); END;
