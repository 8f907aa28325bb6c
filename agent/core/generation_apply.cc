#include "agent/core/generation_apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace ondol::agent {
namespace {

using routes::OpKind;
using routes::RouteOp;
using routes::RouteState;
using session::GenerationOutcome;
using session::RouteObjectState;

constexpr std::size_t kMaxRefused = 100;  // objects in one result
constexpr int kMaxPasses = 3;             // a gateway may lie behind a route of the same generation

// Unmanaged = whatever is there stays: a layer that went missing must not empty a host.
bool writes(const DesiredState& state) { return state.routes && state.routes->mode == Mode::kEnforce; }

std::size_t owned_routes(const RouteBook& book) {
  std::size_t owned = 0;
  for (const auto& [key, held] : book.table().by_key()) {
    owned += static_cast<std::size_t>(std::count_if(held.begin(), held.end(), [](const Holder& h) {
      return h.route.ownership == routes::Ownership::kOurs;
    }));
  }
  return owned;
}

}  // namespace

void GenerationApply::restore(const std::optional<Highest>& highest, std::optional<Journal> journal,
                              std::string boot_id) {
  boot_id_ = std::move(boot_id);
  journal_ = std::move(journal);
  if (highest) highest_ = *highest;
  const auto raise = [this](const DesiredState& state) {
    if (state.generation > highest_.generation) highest_ = {state.generation, state.revision, true};
  };
  if (book_.confirmed()) raise(*book_.confirmed());
  if (journal_) raise(journal_->candidate);
  received_ = highest_.generation;
  if (book_.confirmed()) applied_ = book_.confirmed()->generation;
}

void GenerationApply::recover(Turn& turn) {
  restarted_ = true;
  armed_ = journal_ && journal_->deadline != BootTime{};
  const bool survived = journal_ && book_.confirmed() && book_.confirmed()->generation == journal_->candidate.generation;
  if (survived) {  // killed between `confirmed` and the end: the new state stands
    candidate_ = journal_->candidate;
    book_.rebuild_ledger();
    book_.keep_only_wanted();
    phase_ = Phase::kLedger;
    turn.out.push_back(PersistLedger{book_.ledger()});
    return;
  }
  const bool lost = highest_.generation.value != 0 && !highest_.settled && !confirmed_unreadable &&
                    (!book_.confirmed() || book_.confirmed()->generation != highest_.generation);
  if (!journal_ && !lost) return;
  candidate_ = journal_ ? journal_->candidate : DesiredState{highest_.generation, highest_.revision, {}, false};
  reason_ = armed_ ? "restarted during trial" : "restarted: the agent or the host restarted during the apply";
  ledger_before_ = book_.ledger();
  started_ = turn.now.boot;
  // After a reboot the kernel has nothing of the candidate: there is nothing to undo.
  undoing_ = journal_ && journal_->boot_id == boot_id_ ? still_needed(journal_->inverse, book_.table())
                                                       : std::vector<RouteOp>{};
  phase_ = Phase::kUndo;
  turn.out.push_back(ApplyRoutes{ApplyPurpose::kUndo, undoing_});
}

void GenerationApply::offer(DesiredState candidate, Turn& turn) {
  received_ = std::max(received_, candidate.generation);
  status_changed_ = true;
  if (candidate.generation <= highest_.generation) {
    const bool in_force = book_.confirmed() && book_.confirmed()->generation == candidate.generation;
    const bool in_hand = phase_ != Phase::kIdle && candidate_.generation == candidate.generation;
    // Offered again because the collector could not be told while it was on trial: its outcome is in the log.
    const bool is_told = candidate.generation == highest_.generation && candidate.revision == highest_.revision;
    if (in_force || in_hand || is_told) return;
    turn.log.append(session::GenerationResult{candidate.generation, candidate.revision, GenerationOutcome::kRefused,
                                              fmt::format("stale: generation {} was accepted before", highest_.generation.value),
                                              {}, 0, 0, 0, {}},
                    turn);
    return;
  }
  if (pending_ && pending_->generation > candidate.generation) return;
  if (is_looking() && candidate.generation <= candidate_.generation) return;
  if (is_looking()) stop_looking();  // nothing was touched: the newer one takes its place
  if (pending_ && candidate.generation > pending_->generation) budget_free_at_ = {};  // it may be a smaller one
  if (on_trial()) {
    return block(std::move(candidate), fmt::format("busy: generation {} is on trial", candidate_.generation.value), turn);
  }
  if (std::string why = obstacle(turn); !why.empty()) return block(std::move(candidate), std::move(why), turn);
  if (journal_stuck_) return block(std::move(candidate), "storage: the journal cannot be removed", turn);
  if (!book_.has_read()) return block(std::move(candidate), "unknown: routes were not read yet", turn);
  if (busy() || repairs_.busy()) return block(std::move(candidate), "busy", turn);
  begin(std::move(candidate), turn);
}

void GenerationApply::restore_changes(std::optional<std::vector<AppliedChange>> changes, BootTime now) {
  budget_ = ChangeBudget(boot_id_);
  changes ? budget_.restore(*std::move(changes)) : budget_.restore_unknown(now);
}

void GenerationApply::set_safe_mode(std::string reason) {
  if (blocked_ == safe_mode_) blocked_.clear();
  safe_mode_ = std::move(reason);
  status_changed_ = true;
}

bool GenerationApply::is_closed(const Turn& turn) const {
  return repairs_.held || !safe_mode_.empty() || turn.now.boot < budget_free_at_ ||
         !is_open(book_.guard.windows, book_.guard.zone, turn.now.wall);
}

std::string GenerationApply::obstacle(const Turn& turn) const {
  if (repairs_.held) return "held";
  if (!safe_mode_.empty()) return safe_mode_;
  if (turn.now.boot < budget_free_at_) return budget_note_;
  return judge_windows(book_.guard.windows, book_.guard.zone, turn.now.wall);
}

// Empty = within the hour's budget. Remembers until when it is not.
std::string GenerationApply::over_budget(std::size_t changes, Turn& turn) {
  const auto& most = book_.guard.max_changes_per_hour;
  if (!most || changes == 0) return {};
  const auto verdict = budget_.judge(changes, *most, turn.now.boot);
  if (verdict.allowed) return {};
  budget_free_at_ = verdict.free_at;
  const auto minutes = std::chrono::ceil<std::chrono::minutes>(verdict.free_at - turn.now.boot).count();
  budget_note_ = fmt::format("guard: {} more changes, {} of {} an hour are used, goes on within {} min", changes, verdict.used,
                             *most, minutes);
  return budget_note_;
}

void GenerationApply::block(DesiredState candidate, std::string reason, Turn& turn) {
  if (blocked_ != reason && reason != "busy") {
    tell(turn, Notice::kGenerationBlocked, fmt::format("generation {} waits: {}", candidate.generation.value, reason));
  }
  pending_ = std::move(candidate);
  blocked_ = std::move(reason);
  status_changed_ = true;
}

void GenerationApply::retry_pending(bool fresh_read, Turn& turn) {
  const bool is_busy = phase_ != Phase::kIdle || repairs_.busy() || retry_at_ > turn.now.boot;
  if (!pending_ || is_busy || is_closed(turn) || journal_stuck_ || !book_.has_read()) return;
  if (needs_disk_ || (needs_fresh_read_ && !fresh_read)) return;
  offer(*std::exchange(pending_, std::nullopt), turn);
}

void GenerationApply::begin(DesiredState candidate, Turn& turn) {
  candidate_ = std::move(candidate);
  if (candidate_.generation != given_back_) blocked_.clear();
  needs_fresh_read_ = needs_disk_ = false;
  started_ = turn.now.boot;
  restarted_ = tried_ = trial_began_ = is_refusal_ = false;
  retry_at_ = {};
  trial_note_.clear();
  keeper_lost_.clear();
  watch_.end();
  waiting_.clear();
  refused_.clear();
  counts_ = {};
  pass_ = 0;
  phase_ = Phase::kReadBefore;
  turn.out.push_back(book_.read(ReadPurpose::kBeforeApply, &candidate_));
}

void GenerationApply::on_read(const RoutesRead& read, Turn& turn) {
  if (phase_ == Phase::kReadBefore && read.purpose == ReadPurpose::kBeforeApply) {
    if (read.snapshot) return plan(turn);
    if (going_back_) return refuse("unknown: " + read.snapshot.error().message, {}, turn);
    phase_ = Phase::kIdle;  // unknown is not empty: nothing is planned against it
    needs_fresh_read_ = true;
    return block(std::move(candidate_), "unknown: " + read.snapshot.error().message, turn);
  }
  if (phase_ == Phase::kReadBack && read.purpose == ReadPurpose::kReadBack) {
    if (read.snapshot) return judge_read_back(turn);
    if (pass_++ < kMaxPasses) return turn.out.push_back(book_.read(ReadPurpose::kReadBack, &candidate_));
    return undo("unknown: the result could not be read back: " + read.snapshot.error().message, {}, turn);
  }
  if (phase_ == Phase::kUndoRead && read.purpose == ReadPurpose::kAfterUndo) judge_undo(read, turn);
}

routes::RoutePlan GenerationApply::make_plan() const {
  routes::RouteSnapshot snapshot = book_.table().snapshot();
  if (!candidate_.routes) return {};
  routes::PlanRules rules;
  rules.never_remove_covering = book_.guard.protected_prefixes;
  rules.never_remove_covering.insert(rules.never_remove_covering.end(), book_.collector_path.begin(),
                                     book_.collector_path.end());
  return plan_routes(*candidate_.routes, snapshot, rules);
}

void GenerationApply::plan(Turn& turn) {
  guard_note_.clear();
  if (writes(candidate_) && !book_.guard.apply_routes && !going_back_) {
    // Counts as report: nothing is written, and it is said.
    guard_note_ = book_.guard.problem.empty() ? "guard: remote apply of routes is off" : "guard: " + book_.guard.problem;
    candidate_.routes->mode = Mode::kReport;
    tell(turn, Notice::kGuardRefuses, guard_note_);
  }
  const bool write = writes(candidate_) && guard_note_.empty();
  const routes::RoutePlan made = write ? make_plan() : routes::RoutePlan{};
  if (!going_back_ && is_refused(made, turn)) return;  // what a person puts back here is not for the caps, like an undo
  planned_ = passing_ = made.operations;
  const bool looks = !going_back_ && !planned_.empty();
  looks ? preflight(turn) : commit(turn);
}

bool GenerationApply::is_refused(const routes::RoutePlan& made, Turn& turn) {
  if (std::string reason = refusal_of(made); !reason.empty()) {
    refuse(std::move(reason), {}, turn);
    return true;
  }
  std::vector<RouteObjectState> refused;
  for (const Refusal& refusal : book_.judge(made.operations)) {
    refused.push_back(object(made.operations[refusal.index].route.key, refusal.reason, turn));
  }
  if (!refused.empty()) {
    std::string first = refused.front().reason;
    refuse(std::move(first), std::move(refused), turn);
    return true;
  }
  std::string reason = over_budget(made.operations.size(), turn);
  if (reason.empty()) return false;
  phase_ = Phase::kIdle;
  block(std::move(candidate_), std::move(reason), turn);
  return true;
}

std::string GenerationApply::refusal_of(const routes::RoutePlan& made) const {
  const bool empty = candidate_.routes && candidate_.routes->routes.empty();
  if (!candidate_.allow_mass_delete && (is_mass_delete(made) || (empty && made.removals > 0))) {
    return fmt::format("mass_delete: {} of {} routes would be deleted and the revision does not allow it", made.removals,
                       made.owned_before);
  }
  if (const auto& most = book_.guard.max_changes_per_apply; most && made.operations.size() > *most) {
    return fmt::format("guard: {} changes, at most {} are allowed in one apply", made.operations.size(), *most);
  }
  if (const auto& most = book_.guard.max_changes_per_hour; most && made.operations.size() > *most) {
    return fmt::format("guard: {} changes, at most {} are allowed in an hour", made.operations.size(), *most);
  }
  return judge_deletion_share(made.operations, owned_routes(book_), book_.guard.max_deletion_percent);
}

void GenerationApply::refuse(std::string reason, std::vector<RouteObjectState> refused, Turn& turn) {
  if (going_back_) {
    answer_request(false, reason, turn);
    return finish(turn);
  }
  tell(turn, Notice::kGenerationRefused, fmt::format("generation {}: {}", candidate_.generation.value, reason));
  if (refused.size() > kMaxRefused) refused.resize(kMaxRefused);
  blocked_ = reason;
  turn.log.append(session::GenerationResult{candidate_.generation, candidate_.revision, GenerationOutcome::kRefused,
                                            std::move(reason), std::move(refused), 0, 0, 0,
                                            turn.now.boot - started_},
                  turn);
  finish(turn);
}

bool GenerationApply::awaits(StoredItem item) const {
  switch (phase_) {
    case Phase::kHighest:
    case Phase::kSettle: return item == StoredItem::kHighest;
    case Phase::kJournal: return item == StoredItem::kJournal;
    case Phase::kPrevious: return item == StoredItem::kPrevious;
    case Phase::kConfirmed: return item == StoredItem::kConfirmed;
    case Phase::kLedger: return item == StoredItem::kLedger;
    case Phase::kJournalRemoval:
    case Phase::kUndoJournalRemoval: return item == StoredItem::kJournalRemoval;
    case Phase::kIdle:
    case Phase::kReadBefore:
    case Phase::kPreflight:
    case Phase::kLookBefore:
    case Phase::kArm:
    case Phase::kApply:
    case Phase::kReadBack:
    case Phase::kTrial:
    case Phase::kUndo:
    case Phase::kUndoRead:
    case Phase::kUndoProbes: return false;
  }
  return false;
}

void GenerationApply::on_persisted(const Persisted& persisted, Turn& turn) {
  if (persisted.result) needs_disk_ = false;
  if (!persisted.result) return awaits(persisted.item) ? step_failed(persisted, turn) : void();
  if (phase_ == Phase::kHighest && persisted.item == StoredItem::kHighest) {
    if (planned_.empty()) return confirm(turn);
    journal_ = Journal{candidate_, inverse(planned_), boot_id_, deadline_from(turn.now.boot), watch_.required()};
    phase_ = Phase::kJournal;
    turn.out.push_back(PersistJournal{*journal_});
  } else if (phase_ == Phase::kJournal && persisted.item == StoredItem::kJournal) {
    budget_.note(planned_.size(), turn.now.boot);
    turn.out.push_back(PersistChanges{budget_.stored()});  // before the change: a crash must not give the hour back
    tried_ && options_.undo_keeper ? arm(turn) : apply(turn);
  } else if (phase_ == Phase::kPrevious && persisted.item == StoredItem::kPrevious) {
    previous = book_.confirmed();
    phase_ = Phase::kConfirmed;
    turn.out.push_back(PersistConfirmed{candidate_});
  } else if (phase_ == Phase::kConfirmed && persisted.item == StoredItem::kConfirmed) {
    book_.confirm(candidate_);
    book_.keep_only_wanted();
    book_.refresh_ledger();
    phase_ = Phase::kLedger;
    turn.out.push_back(PersistLedger{book_.ledger()});
  } else if (phase_ == Phase::kLedger && persisted.item == StoredItem::kLedger) {
    book_.ledger_changed = false;
    tell_confirmed(turn);
    if (!journal_) return finish(turn);
    phase_ = Phase::kJournalRemoval;
    turn.out.push_back(RemoveJournal{});
  } else if (persisted.item == StoredItem::kJournalRemoval) {
    journal_.reset();
    journal_stuck_ = false;
    if (phase_ == Phase::kJournalRemoval) finish(turn);
    if (phase_ == Phase::kUndoJournalRemoval) finish_undone(turn);
  } else if (phase_ == Phase::kSettle && persisted.item == StoredItem::kHighest) {
    if (!journal_) return finish_undone(turn);
    phase_ = Phase::kUndoJournalRemoval;
    turn.out.push_back(RemoveJournal{});
  }
}

// No durable journal, no apply: nothing was changed, and it is tried again when the disk takes writes.
void GenerationApply::wait_for_disk(std::string reason, Turn& turn) {
  highest_ = highest_before_;
  journal_.reset();
  if (going_back_) return refuse(std::move(reason), {}, turn);
  if (!guard_note_.empty()) candidate_.routes->mode = Mode::kEnforce;  // the guard is asked again
  finish(turn);
  needs_disk_ = true;
  block(std::move(candidate_), std::move(reason), turn);
}

// Before the first change: nothing happened. Afterwards: undone, or confirmed with a journal that must still go.
void GenerationApply::step_failed(const Persisted& persisted, Turn& turn) {
  const std::string reason = "storage: " + persisted.result.error().message;
  switch (phase_) {
    case Phase::kHighest:
    case Phase::kJournal: return wait_for_disk(reason, turn);
    case Phase::kPrevious:
    case Phase::kConfirmed: return undo(reason, {}, turn);
    case Phase::kLedger:
      journal_stuck_ = journal_.has_value();
      tell_confirmed(turn);
      return finish(turn);
    case Phase::kJournalRemoval: journal_stuck_ = true; return finish(turn);
    case Phase::kSettle:
    case Phase::kUndoJournalRemoval:
      journal_stuck_ = journal_.has_value();
      return finish_undone(turn);
    case Phase::kIdle:
    case Phase::kReadBefore:
    case Phase::kPreflight:
    case Phase::kLookBefore:
    case Phase::kArm:
    case Phase::kApply:
    case Phase::kReadBack:
    case Phase::kTrial:
    case Phase::kUndo:
    case Phase::kUndoRead:
    case Phase::kUndoProbes: return;
  }
}

void GenerationApply::forget(Turn& turn) {
  if (is_looking()) stop_looking();
  highest_.settled = true;
  applied_ = {};
  pending_.reset();
  blocked_.clear();
  guard_note_.clear();
  turn.out.push_back(PersistHighest{highest_});
}

void GenerationApply::on_sweep(Turn& turn) {
  if (!journal_stuck_ || phase_ != Phase::kIdle) return;
  // The ledger first: without the journal it alone knows what is ours.
  if (book_.ledger_changed) turn.out.push_back(PersistLedger{book_.ledger()});
  turn.out.push_back(RemoveJournal{});
}

RouteObjectState GenerationApply::object(const routes::RouteKey& key, std::string reason, const Turn& turn) const {
  const auto held = book_.table().holders(key);
  const routes::Route* want = candidate_.routes ? find_route(*candidate_.routes, key) : nullptr;
  const RouteState state = want != nullptr ? judge_route(*want, held) : RouteState::kInSync;
  return {key, state, std::move(reason), std::nullopt, turn.now.wall};
}

session::GenerationStatus GenerationApply::status(std::optional<BootTime> now) const {
  session::GenerationStatus status;
  status.received = received_;
  status.applied = on_trial() ? candidate_.generation : applied_;
  status.running = book_.confirmed() ? book_.confirmed()->generation : Generation{};
  status.blocked = !blocked_.empty() ? blocked_ : !safe_mode_.empty() ? safe_mode_ : guard_note_;
  if (on_trial()) status.trial = candidate_.generation;
  if (on_trial() && now) {
    status.trial_left = std::max(Milliseconds{}, std::chrono::duration_cast<Milliseconds>(watch_.deadline() - *now));
  }
  return status;
}

bool GenerationApply::take_status_changed() { return std::exchange(status_changed_, false); }

}  // namespace ondol::agent
