#include "collector/runtime/store_enroll_backend.h"

#include <fmt/format.h>

#include <algorithm>

namespace ondol::collector {

Result<HostId> StoreEnrollBackend::redeem_token(const Sha256& token_hash, WallTime now) {
  const auto token = store_.read_token(token_hash);
  if (!token) return fail(token.error());
  if (!*token) return fail(Errc::kNotFound, "the token is unknown here");
  const HostId host = (*token)->host;
  if ((*token)->used) return fail(Errc::kConflict, "the token was used at " + ondol::render(*(*token)->used));
  if (now > (*token)->expires) return fail(Errc::kRefused, "the token expired at " + ondol::render((*token)->expires));
  const auto records = store_.read_records();
  if (!records) return fail(records.error());
  const bool known = std::any_of(records->begin(), records->end(), [&](const auto& r) { return r.name == host; });
  if (!known) return fail(Errc::kInvalidInput, "the record of " + host.value + " is gone");
  store::Batch batch{store::UseToken{token_hash, now},
                     store::AppendAudit{now, "host " + host.value, "token.use", host.value, ""}};
  auto stored = writer_.submit_and_wait(std::move(batch));
  if (!stored) return fail(stored.error());
  return host;
}

Result<store::CertificateRow> StoreEnrollBackend::find_certificate(const std::string& serial) {
  auto row = store_.read_certificate(serial);
  if (!row) return fail(row.error());
  if (!*row) return fail(Errc::kNotFound, "no certificate with this serial was issued here");
  return **std::move(row);
}

// The shard knows the certificate before its agent can: the post is queued before the certificate is handed out.
Result<void> StoreEnrollBackend::record_issued(const store::CertificateRow& row, bool renewal) {
  const std::string detail = fmt::format("serial {}, valid until {}", row.serial, ondol::render(row.not_after));
  store::Batch batch{store::PutCertificate{row},
                     store::AppendAudit{row.not_before, "host " + row.host.value, renewal ? "renew" : "enroll",
                                        row.host.value, detail}};
  auto stored = writer_.submit_and_wait(std::move(batch));
  if (!stored) return fail(stored.error());
  runtime_.post(CertificateIssued{row});
  ++(renewal ? renewed_ : first_);
  return {};
}

}  // namespace ondol::collector
