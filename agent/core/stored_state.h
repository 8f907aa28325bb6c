// What the agent keeps on disk, as values: the confirmed generation, the journal of an apply, the ledger, the numbers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/change_budget.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/resources/routes/plan_routes.h"

namespace ondol::agent {

// One key that is ours, or that we are about to write.
struct LedgerEntry {
  routes::RouteValue value;  // as last read back; what was wanted when it was never read back
  bool made = false;         // read back or acknowledged at least once since this boot
  bool operator==(const LedgerEntry&) const = default;
};

struct Ledger {
  std::string boot_id;  // another boot = the kernel forgot everything: `made` is false everywhere
  std::map<routes::RouteKey, LedgerEntry> entries;
  bool operator==(const Ledger&) const = default;
};

// Durable before the first change of a generation, gone after the last step of it.
struct Journal {
  DesiredState candidate;
  std::vector<routes::RouteOp> inverse;  // in the order of undoing
  std::string boot_id;
  BootTime deadline{};  // of a trial; zero = none
  std::vector<trial::ProbeTarget> required{};  // green before the change
  bool operator==(const Journal&) const = default;
};

// The highest generation ever accepted. Unsettled = its outcome was not recorded yet.
struct Highest {
  Generation generation;
  Revision revision;
  bool settled = true;
  bool operator==(const Highest&) const = default;
};

// What was found on disk at start. Empty optional = never written; error = unreadable, which is not empty.
struct StoredState {
  Result<std::optional<DesiredState>> confirmed;
  Result<std::optional<Journal>> journal;
  Result<std::optional<Ledger>> ledger;
  Result<std::optional<Highest>> highest;
  bool held = false;
  EventSequence next_event{1}, oldest_event{1};
  EventSequence unproven_event{1};  // from here on no number was compared yet with what the collector has
  Result<std::vector<AppliedChange>> changes{};  // of intent, lately
  Result<std::optional<DesiredState>> previous{};  // confirmed before `confirmed`
};

}  // namespace ondol::agent
