#include "collector/store/audit_chain.h"

#include <fmt/format.h>

namespace ondol::store {
namespace {

constexpr std::string_view kDomain = "ondol audit record 1";
constexpr const char* kRemedy = "the record was changed outside the collector: compare with a backup and with the agents";

void append_number(std::string& bytes, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>((number >> shift) & 0xff);
}

void append_text(std::string& bytes, std::string_view text) {
  append_number(bytes, text.size());
  bytes += text;
}

tl::unexpected<Error> broken(std::uint64_t number, const char* why) {
  return fail(Errc::kCorrupt, fmt::format("the audit chain is broken: record {} {}", number, why),
              fmt::format("audit record {}", number), kRemedy);
}

}  // namespace

Sha256 chain_digest(const Sha256& previous, const AuditRow& row) {
  std::string bytes;
  append_text(bytes, kDomain);
  append_text(bytes, as_bytes(previous));
  append_number(bytes, row.number);
  append_number(bytes, static_cast<std::uint64_t>(unix_ns(row.at)));
  for (const std::string* text : {&row.actor, &row.action, &row.subject, &row.detail}) append_text(bytes, *text);
  return sha256_of(bytes);
}

AuditRow next_audit_row(const AuditHead& head, const AppendAudit& write) {
  AuditRow row{head.number + 1, write.at, write.actor, write.action, write.subject, write.detail, {}};
  row.chain = chain_digest(head.chain, row);
  return row;
}

Result<void> verify_link(AuditHead& head, const AuditRow& row) {
  const std::uint64_t expected = head.number + 1;
  if (row.number != expected) return broken(expected, "is not there");
  if (row.chain != chain_digest(head.chain, row)) return broken(row.number, "does not match its link");
  head = {row.number, row.chain};
  return {};
}

Result<void> verify_end(const AuditHead& reached, const AuditHead& stored) {
  if (reached.number < stored.number) return broken(reached.number + 1, "is not there");
  if (reached != stored) return broken(reached.number, "is not the end that the store recorded");
  return {};
}

}  // namespace ondol::store
