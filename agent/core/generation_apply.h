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
#include "agent/core/trial_watch.h"
#include "common/base/backoff.h"

namespace ondol::agent {

// How a change of intent is tried.
struct TrialOptions {
  bool undo_keeper = false;  // another program undoes in our place when we cannot
  std::string instance;      // of this process, as its session says
};

// The order on disk and in the kernel: preflight, probes and a contact before (nothing is touched yet), highest number,
// journal (inverse, deadline), undo armed, change, read back, trial, previous, confirmed, ledger, journal removed, undo
// disarmed. Killed before `confirmed` is durable, the inverse is applied at the next start; after it, the new state stays.
// A trial waits for the world: repairs and verifications go on meanwhile, but no key that it touched is repaired, neither
// to what was confirmed before it nor to what it tries, until it has ended. No value is published
// while a generation is in hand: it would be told as its outcome.
// One at a time: a newer generation waits for the end of a trial; it replaces one that has touched nothing yet.
// Thread: one.
class GenerationApply {
 public:
  GenerationApply(RouteBook& book, RouteRepairs& repairs, TrialOptions options)
      : book_(book), repairs_(repairs), options_(std::move(options)) {}

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
  void on_preflight(const PreflightDone& done, Turn& turn);
  void on_probes(const ProbesDone& done, Turn& turn);
  void on_contact(const ContactMade& made, Turn& turn);
  void on_undo_armed(const UndoArmed& armed, Turn& turn);
  void on_timer(Turn& turn);
  void advance(Turn& turn);   // after every event: ends what the world was waited for
  // A person wants this change undone, or the generation before the present one back. Answered when it is done, or at
  // once with why not; false = nothing begins.
  bool go_back(std::uint64_t request, const std::string& who, Turn& turn);
  HostId host;                // as the certificate names it
  std::optional<DesiredState> previous;  // confirmed before the present one

  void forget(Turn& turn);    // everything is withdrawn: no generation is in force, and none was interrupted
  void on_sweep(Turn& turn);  // retries a removal of the journal that failed

  // Changes something, or writes about it. Waiting for the world is not busy.
  bool busy() const { return phase_ != Phase::kIdle && !is_looking() && !on_trial(); }
  bool is_in_hand() const { return phase_ != Phase::kIdle; }
  bool on_trial() const { return phase_ == Phase::kTrial; }
  BootTime next_due() const;
  session::GenerationStatus status(std::optional<BootTime> now) const;
  std::optional<BootTime> trial_deadline() const;
  std::vector<trial::ProbeResult> probes() const { return watch_.seen(); }  // of the trial that runs, or ran last
  Generation highest() const { return highest_.generation; }
  // The withdrawal is over; one that failed left everything in force.
  void withdrawal_ended() {
    status_changed_ = true;
    if (book_.confirmed()) applied_ = book_.confirmed()->generation;
  }
  bool take_status_changed();

 private:
  enum class Phase : std::uint8_t {
    kIdle, kReadBefore, kPreflight, kLookBefore, kHighest, kJournal, kArm, kApply, kReadBack, kTrial,
    kPrevious, kConfirmed, kLedger, kJournalRemoval, kUndo, kUndoRead, kUndoProbes, kSettle, kUndoJournalRemoval,
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
  bool is_refused(const routes::RoutePlan& plan, Turn& turn);
  bool is_looking() const { return phase_ == Phase::kPreflight || phase_ == Phase::kLookBefore; }
  void stop_looking();
  void preflight(Turn& turn);
  std::vector<trial::ReachTarget> reach_targets() const;
  void refuse_unreachable(const trial::PreflightVerdict& verdict, Turn& turn);
  void look_before(Turn& turn);
  void give_back(std::string reason, Turn& turn);
  void commit(Turn& turn);
  BootTime deadline_from(BootTime now);
  void arm(Turn& turn);
  void begin_trial(Turn& turn);
  void judge_trial(Turn& turn);
  void end_undo(Turn& turn);
  void restore_ownership();
  void answer_request(bool accepted, std::string text, Turn& turn);
  void tell_went_back(Turn& turn);
  void apply(Turn& turn);
  void judge_read_back(Turn& turn);
  std::vector<routes::RouteOp> leftover() const;
  void confirm(Turn& turn);
  void tell_confirmed(Turn& turn);
  void undo(std::string reason, std::vector<session::RouteObjectState> refused, Turn& turn);
  void judge_undo(const RoutesRead& read, Turn& turn);
  void settle(Turn& turn);
  void finish_undone(Turn& turn);
  void finish(Turn& turn);
  void let_go();
  bool awaits(StoredItem item) const;
  void step_failed(const Persisted& persisted, Turn& turn);
  void wait_for_disk(std::string reason, Turn& turn);
  session::RouteObjectState object(const routes::RouteKey& key, std::string reason, const Turn& turn) const;

  RouteBook& book_;
  RouteRepairs& repairs_;
  TrialOptions options_;
  TrialWatch watch_;
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
  Backoff look_backoff_{BackoffLimits{Seconds{1}, Seconds{60}}};
  Generation given_back_;                  // looked at, nothing was touched, to be looked at again
  BootTime retry_at_{};                    // of a generation that was given back; zero = at once

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
  bool tried_ = false;                     // needs the collector's confirmation
  bool trial_began_ = false;
  bool armed_ = false;
  std::string keeper_lost_;                // in the middle of the trial, and no other to be had
  bool is_refusal_ = false;                // ended before the kernel was touched, after the journal was written
  Milliseconds given_{};                   // from the first change to the deadline
  BootTime answer_by_ = BootTime::max();   // of a preflight or an arming
  std::uint64_t attempt_ = 0;              // of the preflight
  int looks_ = 0;                          // in a row of this generation: routes changed under the others
  std::string trial_note_;                 // what was weaker than it could be
  // Of a person's request:
  std::optional<std::uint64_t> request_;
  std::string asked_by_;
  bool going_back_ = false;                // the candidate is an earlier generation
  DesiredState left_;                      // going back: what is left
  std::string reason_;
  std::vector<session::RouteObjectState> refused_;
};

// What of an inverse is still to be done, after a crash left the apply anywhere between none and all.
std::vector<routes::RouteOp> still_needed(const std::vector<routes::RouteOp>& inverse, const RouteTable& table);

}  // namespace ondol::agent
