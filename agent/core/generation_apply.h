// One generation from offer to outcome: refused, confirmed or undone as a whole, in an order that survives a crash.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/event_log.h"
#include "agent/core/events.h"
#include "agent/core/route_book.h"
#include "agent/core/route_repairs.h"

namespace ondol::agent {

// The order on disk and in the kernel: highest number, journal (inverse), change, read back, confirmed, ledger, journal
// removed. Killed before `confirmed` is durable, the inverse is applied at the next start; after it, the new state stays.
// Thread: one.
class GenerationApply {
 public:
  GenerationApply(RouteBook& book, RouteRepairs& repairs) : book_(book), repairs_(repairs) {}

  // Empty = unreadable. After restore().
  void restore_changes(std::optional<std::vector<AppliedChange>> changes, BootTime now);
  void set_safe_mode(std::string reason);  // empty = not in it
  void guard_changed() { budget_free_at_ = {}; }
  const std::string& safe_mode() const { return safe_mode_; }
  void restore(const std::optional<Highest>& highest, std::optional<Journal> journal, std::string boot_id);
  bool confirmed_unreadable = false;  // then nobody can tell what the last restart interrupted
  // After the first read: ends what a crash or a reboot interrupted. busy() until that is done.
  void recover(Turn& turn);

  void offer(DesiredState candidate, Turn& turn);
  // What blocked the pending generation may be over.
  void retry_pending(bool fresh_read, Turn& turn);
  void on_read(const RoutesRead& read, Turn& turn);  // after the book absorbed it
  void on_applied(const RoutesApplied& applied, Turn& turn);
  void on_persisted(const Persisted& persisted, Turn& turn);
  void forget(Turn& turn);    // everything is withdrawn: no generation is in force, and none was interrupted
  void on_sweep(Turn& turn);  // retries a removal of the journal that failed

  bool busy() const { return phase_ != Phase::kIdle; }
  session::GenerationStatus status() const;
  Generation highest() const { return highest_.generation; }
  // The withdrawal is over; one that failed left everything in force.
  void withdrawal_ended() {
    status_changed_ = true;
    if (book_.confirmed()) applied_ = book_.confirmed()->generation;
  }
  bool take_status_changed();

 private:
  enum class Phase : std::uint8_t {
    kIdle, kReadBefore, kHighest, kJournal, kApply, kReadBack, kConfirmed, kLedger, kJournalRemoval,
    kUndo, kUndoRead, kSettle, kUndoJournalRemoval,
  };
  struct Counts {
    std::uint32_t added = 0, replaced = 0, removed = 0;
  };

  void begin(DesiredState candidate, Turn& turn);
  void block(DesiredState candidate, std::string reason, Turn& turn);
  std::string obstacle(const Turn& turn) const;  // why no generation may begin now; empty = one may
  bool is_closed(const Turn& turn) const;        // the same without words
  std::string over_budget(std::size_t changes, Turn& turn);
  void plan(Turn& turn);
  routes::RoutePlan make_plan() const;
  std::string refusal_of(const routes::RoutePlan& plan) const;
  void refuse(std::string reason, std::vector<session::RouteObjectState> refused, Turn& turn);
  void apply(Turn& turn);
  void judge_read_back(Turn& turn);
  std::vector<routes::RouteOp> leftover() const;
  void confirm(Turn& turn);
  void tell_confirmed(Turn& turn);
  void undo(std::string reason, std::vector<session::RouteObjectState> refused, Turn& turn);
  void judge_undo(const RoutesRead& read, Turn& turn);
  void settle(Turn& turn);
  void finish_undone(Turn& turn);
  void finish();
  bool awaits(StoredItem item) const;
  void step_failed(const Persisted& persisted, Turn& turn);
  void wait_for_disk(std::string reason, Turn& turn);
  session::RouteObjectState object(const routes::RouteKey& key, std::string reason, const Turn& turn) const;

  RouteBook& book_;
  RouteRepairs& repairs_;
  std::string boot_id_;
  Highest highest_, highest_before_;
  Generation received_, applied_;
  std::optional<Journal> journal_;         // on disk now, as far as known
  bool journal_stuck_ = false;             // its removal failed: nothing new until it is gone
  std::optional<DesiredState> pending_;    // waits for a hold or a window to end, or a read or a write to succeed
  std::string blocked_, guard_note_, safe_mode_;
  ChangeBudget budget_{std::string{}};     // of the guard file's hour
  std::string budget_note_;                // why the hour stops a generation
  BootTime budget_free_at_{};
  bool needs_fresh_read_ = false, needs_disk_ = false, status_changed_ = false;

  // Of the apply that runs:
  Phase phase_ = Phase::kIdle;
  DesiredState candidate_;
  std::vector<routes::RouteOp> planned_;   // of the first pass: the inverse covers exactly these
  std::vector<routes::RouteOp> passing_;   // of this pass
  std::vector<routes::RouteOp> undoing_;
  std::map<routes::RouteKey, std::string> waiting_;
  Ledger ledger_before_;
  Counts counts_;
  std::size_t undone_ = 0;                 // operations of earlier passes of the undo
  int pass_ = 0;                           // of the apply, then of the undo
  BootTime started_{};
  bool restarted_ = false;
  std::string reason_;
  std::vector<session::RouteObjectState> refused_;
};

// What of an inverse is still to be done, after a crash left the apply anywhere between none and all.
std::vector<routes::RouteOp> still_needed(const std::vector<routes::RouteOp>& inverse, const RouteTable& table);

}  // namespace ondol::agent
