// Everything an agent's core can ask of the world, in the order in which it must be done.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/core/stored_state.h"
#include "common/session/messages.h"

namespace ondol::agent {

enum class ReadPurpose : std::uint8_t { kSweep, kBeforeApply, kReadBack, kAfterUndo, kWithdraw };
enum class ApplyPurpose : std::uint8_t { kRepair, kGeneration, kUndo, kWithdraw };
enum class StoredItem : std::uint8_t { kHighest, kJournal, kConfirmed, kLedger, kJournalRemoval, kHold, kChanges };

// ---- the kernel ----
struct ReadRoutes {  // answered by RoutesRead
  ReadPurpose purpose = ReadPurpose::kSweep;
  std::vector<std::uint32_t> tables;  // beside main, sorted
};
struct ApplyRoutes {  // answered by RoutesApplied
  ApplyPurpose purpose = ApplyPurpose::kRepair;
  std::vector<routes::RouteOp> operations;
};

// ---- the disk: each is durable when Persisted says so ----
struct PersistHighest { Highest highest; };
struct PersistJournal { Journal journal; };
struct PersistConfirmed { std::optional<DesiredState> state; };  // empty = forget it
struct PersistLedger { Ledger ledger; };
struct RemoveJournal {};
struct PersistHold { bool held = false; };
struct PersistChanges { std::vector<AppliedChange> changes; };
struct AppendEvent { session::HostEvent event; };  // to the spool; not answered
struct TruncateSpool { EventSequence through; };
// The collector said how far it has our events: those from `from` on are `by` higher from now on, and proven.
struct SettleNumbers {
  EventSequence from;
  std::uint64_t by = 0;
};

// ---- the collector ----
struct OpenSession {};   // answered by SessionOpened, then by exactly one SessionClosed
struct CloseSession {};
struct SendMessage { session::ToCollector message; };
struct SendEvents { EventSequence from; };  // one batch from the spool; answered by EventsSent
struct EncodeReport { session::RoutesReport report; };  // answered by ReportEncoded; the newest one is kept
struct SendValue {};     // the report that was encoded last

// ---- the people ----
enum class Notice : std::uint8_t {
  kReady, kRoutesRepaired, kRepairFailed, kRouteContested, kGenerationConfirmed, kGenerationRefused,
  kGenerationRolledBack, kGenerationBlocked, kHeld, kReleased, kWithdrawn, kStorageFailed, kStorageRecovered,
  kStateUnreadable, kObserverFailed, kObserverRecovered, kOverrun, kSessionUp, kSessionLost, kGuardRefuses,
  kGuardRemark, kSafeModeEntered, kSafeModeLeft,
};
struct Tell {  // one line of the journal
  Notice notice = Notice::kReady;
  std::string text;
};
struct AnnounceReady {};  // the first full observation and the first enforcement attempt are over
struct Answer {           // to a LocalRequest
  std::uint64_t id = 0;
  bool accepted = false;
  std::string text;
};

using Effect = std::variant<ReadRoutes, ApplyRoutes, PersistHighest, PersistJournal, PersistConfirmed, PersistLedger,
                            RemoveJournal, PersistHold, PersistChanges, AppendEvent, TruncateSpool, SettleNumbers, OpenSession, CloseSession,
                            SendMessage, SendEvents, EncodeReport, SendValue, Tell, AnnounceReady, Answer>;
using Effects = std::vector<Effect>;

}  // namespace ondol::agent
