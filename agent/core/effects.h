// Everything an agent's core can ask of the world, in the order in which it must be done.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/core/stored_state.h"
#include "common/resources/trial/preflight.h"
#include "common/session/messages.h"

namespace ondol::agent {

enum class ReadPurpose : std::uint8_t { kSweep, kBeforeApply, kReadBack, kAfterUndo, kWithdraw };
enum class ApplyPurpose : std::uint8_t { kRepair, kGeneration, kUndo, kWithdraw };
enum class StoredItem : std::uint8_t {
  kHighest, kJournal, kPrevious, kConfirmed, kLedger, kJournalRemoval, kHold, kChanges,
};

// ---- the kernel ----
struct ReadRoutes {  // answered by RoutesRead
  ReadPurpose purpose = ReadPurpose::kSweep;
  std::vector<std::uint32_t> tables;  // beside main, sorted
  std::vector<routes::RouteKey> keys;  // sorted: who holds these is shown however many foreign routes there are
};
struct ApplyRoutes {  // answered by RoutesApplied
  ApplyPurpose purpose = ApplyPurpose::kRepair;
  std::vector<routes::RouteOp> operations;
};

// ---- the trial of a change; an answer carries the number of its attempt ----
enum class ProbePhase : std::uint8_t { kBefore, kAfter, kAfterUndo };
struct Preflight {  // answered by PreflightDone
  std::uint64_t attempt = 0;
  std::vector<routes::RouteOp> operations;
  std::vector<trial::ReachTarget> targets;
};
struct RunProbes {  // answered by ProbesDone
  std::uint64_t attempt = 0;
  ProbePhase phase = ProbePhase::kBefore;
  std::vector<trial::ProbeTarget> targets;  // kBefore: the probes that every trial makes on this host come on top
  Milliseconds within{};
};
struct MakeContact {  // answered by ContactMade
  std::uint64_t attempt = 0;
  session::Contact contact;
  Milliseconds within{};
};
// Another program undoes what the journal on disk says, unless it is disarmed. Answered by UndoArmed.
struct ArmUndo {
  Generation generation;
  BootTime deadline{};
};
struct DisarmUndo { Generation generation; };

// ---- the disk: each is durable when Persisted says so ----
struct PersistHighest { Highest highest; };
struct PersistJournal { Journal journal; };
struct PersistConfirmed { std::optional<DesiredState> state; };  // empty = forget it
struct PersistPrevious { DesiredState state; };                      // the generation confirmed before
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
  kTrialBegan, kTrialConfirmed, kTrialRolledBack, kPreflightMissing,
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

using Effect = std::variant<ReadRoutes, ApplyRoutes, Preflight, RunProbes, MakeContact, ArmUndo, DisarmUndo,
                            PersistHighest, PersistJournal, PersistPrevious, PersistConfirmed, PersistLedger,
                            RemoveJournal, PersistHold, PersistChanges, AppendEvent, TruncateSpool, SettleNumbers,
                            OpenSession, CloseSession,
                            SendMessage, SendEvents, EncodeReport, SendValue, Tell, AnnounceReady, Answer>;
using Effects = std::vector<Effect>;

}  // namespace ondol::agent
