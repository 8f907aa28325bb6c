// Rows of the store out of SQL, as store.h orders them.
#pragma once

#include "collector/store/audit_chain.h"
#include "collector/store/sqlite/database.h"
#include "collector/store/store.h"

namespace ondol::store {

// Thread: whoever holds the connection.
Result<std::vector<HostRecord>> read_records(Connection& db);
Result<std::optional<RevisionRow>> read_current_revision(Connection& db);
Result<std::optional<RevisionRow>> read_revision(Connection& db, const Revision& id);
Result<std::vector<CommitRow>> read_commits(Connection& db, std::size_t limit);
Result<std::optional<LayerFile>> read_layer_file(Connection& db, const Revision& id, const std::string& path);
Result<std::vector<DesiredRow>> read_desired(Connection& db);
Result<std::optional<DesiredRow>> read_desired(Connection& db, const HostId& host);
Result<std::optional<ObservedRow>> read_observed(Connection& db, const HostId& host, session::ResourceType type);
Result<std::vector<ObservedRow>> read_observed_heads(Connection& db);
Result<std::vector<EventRow>> read_events(Connection& db, const HostId& host, std::size_t limit);
Result<std::vector<EventPosition>> read_event_positions(Connection& db);
Result<std::vector<DriftRow>> read_open_drift(Connection& db);
Result<std::vector<DriftRow>> read_drift(Connection& db, const std::optional<HostId>& host, std::size_t limit, DriftId below);
Result<std::optional<DriftRow>> read_drift_by_id(Connection& db, DriftId id);
Result<DriftId> read_highest_drift_id(Connection& db);
Result<std::vector<StatusRow>> read_statuses(Connection& db);

Result<std::optional<TokenRow>> read_token(Connection& db, const Sha256& hash);
Result<std::optional<CertificateRow>> read_certificate(Connection& db, const std::string& serial);
Result<std::vector<CertificateRow>> read_certificates(Connection& db, WallTime not_past);
Result<std::vector<AuditRow>> read_audit(Connection& db, std::size_t limit);
Result<AuditHead> read_audit_head(Connection& db);

// Checks at most `limit` records after `reached` and moves it; true = the end was reached and is the recorded one.
// In steps, so that a long chain never keeps other readers waiting.
Result<bool> verify_audit_step(Connection& db, AuditHead& reached, std::size_t limit);

// Collects what `row_of` makes of every row.
template <typename Row>
Result<std::vector<Row>> rows_of(Query& query, Row (*row_of)(Query&)) {
  std::vector<Row> rows;
  while (query.next()) rows.push_back(row_of(query));
  ONDOL_TRY(query.finish());
  return rows;
}

template <typename Row>
Result<std::optional<Row>> first_of(Query& query, Row (*row_of)(Query&)) {
  std::optional<Row> row;
  if (query.next()) row = row_of(query);
  ONDOL_TRY(query.finish());
  return row;
}

}  // namespace ondol::store
