// The hash chain over audit records: changing, removing or inserting one breaks every later link.
#pragma once

#include "collector/store/store.h"

namespace ondol::store {

struct AuditHead {  // the newest record; number 0 = none yet
  std::uint64_t number = 0;
  Sha256 chain{};
  bool operator==(const AuditHead&) const = default;
};

// SHA-256 over the previous link and every field of `row` but its own link, each length-prefixed: no two different
// records share an encoding.
Sha256 chain_digest(const Sha256& previous, const AuditRow& row);

AuditRow next_audit_row(const AuditHead& head, const AppendAudit& write);

// Whether `row` follows `head`; kCorrupt names its number. Advances `head` when it does.
Result<void> verify_link(AuditHead& head, const AuditRow& row);
// Whether the chain ended where the store says it does; kCorrupt otherwise (the end was cut off).
Result<void> verify_end(const AuditHead& reached, const AuditHead& stored);

}  // namespace ondol::store
