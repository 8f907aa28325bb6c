// Tokens, certificates and the audit chain.
#include <algorithm>

#include "collector/store/sqlite/read_rows.h"

namespace ondol::store {
namespace {

TokenRow token_of(Query& row) {
  TokenRow token;
  token.hash = row.sha256();
  token.host = HostId(row.text());
  token.expires = row.time();
  token.used = row.optional_time();
  token.created_by = row.text();
  return token;
}

CertificateRow certificate_of(Query& row) {
  CertificateRow certificate;
  certificate.serial = row.text();
  certificate.host = HostId(row.text());
  certificate.not_before = row.time();
  certificate.not_after = row.time();
  certificate.revoked = row.integer() != 0;
  return certificate;
}

AuditRow audit_of(Query& row) {
  AuditRow audit;
  audit.number = row.number();
  audit.at = row.time();
  for (std::string* field : {&audit.actor, &audit.action, &audit.subject, &audit.detail}) *field = row.text();
  audit.chain = row.sha256();
  return audit;
}

}  // namespace

Result<std::optional<TokenRow>> read_token(Connection& db, const Sha256& hash) {
  Query query = db.query("SELECT hash, host, expires_unix_ns, used_unix_ns, created_by FROM tokens WHERE hash = ?");
  query.blob(as_bytes(hash));
  return first_of(query, token_of);
}

Result<std::optional<CertificateRow>> read_certificate(Connection& db, const std::string& serial) {
  Query query = db.query("SELECT serial, host, not_before_unix_ns, not_after_unix_ns, revoked FROM certificates "
                         "WHERE serial = ?");
  query.text(serial);
  return first_of(query, certificate_of);
}

Result<std::vector<CertificateRow>> read_certificates(Connection& db, WallTime not_past) {
  Query query = db.query("SELECT serial, host, not_before_unix_ns, not_after_unix_ns, revoked FROM certificates "
                         "WHERE not_after_unix_ns >= ? ORDER BY serial");
  query.time(not_past);
  return rows_of(query, certificate_of);
}

Result<std::vector<AuditRow>> read_audit(Connection& db, std::size_t limit) {
  Query query = db.query("SELECT number, at_unix_ns, actor, action, subject, detail, chain FROM audit "
                         "ORDER BY number DESC LIMIT ?");
  query.number(std::min<std::uint64_t>(limit, 1u << 30));
  return rows_of(query, audit_of);
}

Result<AuditHead> read_audit_head(Connection& db) {
  AuditHead head;
  Query query = db.query("SELECT number, chain FROM audit_head");
  if (query.next()) {
    head.number = query.number();
    head.chain = query.sha256();
  }
  ONDOL_TRY(query.finish());
  return head;
}

Result<bool> verify_audit_step(Connection& db, AuditHead& reached, std::size_t limit) {
  const auto snapshot = Transaction::begin(db, Transaction::Kind::kRead);
  if (!snapshot) return fail(snapshot.error());
  Query query = db.query("SELECT number, at_unix_ns, actor, action, subject, detail, chain FROM audit "
                         "WHERE number > ? ORDER BY number LIMIT ?");
  query.number(reached.number).number(limit);
  const auto rows = rows_of(query, audit_of);
  if (!rows) return fail(rows.error());
  for (const AuditRow& row : *rows) ONDOL_TRY(verify_link(reached, row));
  if (rows->size() == limit) return false;
  const auto head = read_audit_head(db);
  if (!head) return fail(head.error());
  ONDOL_TRY(verify_end(reached, *head));
  return true;
}

}  // namespace ondol::store
