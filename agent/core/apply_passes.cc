// The part of GenerationApply that changes the kernel: passes, judging what was read back, undo.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "agent/core/generation_apply.h"

namespace ondol::agent {
namespace {

using routes::OpKind;
using routes::RouteOp;
using routes::RouteState;
using session::GenerationOutcome;
using session::RouteObjectState;

constexpr std::size_t kMaxRefused = 100;
constexpr int kMaxPasses = 3;

bool is_of(const routes::ObservedRoute& held, const routes::ObservedRoute& written) {
  return held.protocol == written.protocol && satisfies(held.route.value, written.route.value);
}

}  // namespace

void GenerationApply::apply(Turn& turn) {
  for (const RouteOp& op : passing_) {
    if (op.protocol == routes::kOurProtocol && op.kind != OpKind::kRemove) book_.claim(op.route.key, op.route.value);
  }
  ++pass_;
  phase_ = Phase::kApply;
  turn.out.push_back(ApplyRoutes{ApplyPurpose::kGeneration, passing_});
}

void GenerationApply::on_applied(const RoutesApplied& applied, Turn& turn) {
  if (phase_ == Phase::kUndo && applied.purpose == ApplyPurpose::kUndo) {
    for (std::size_t i = 0; i < undoing_.size() && i < applied.done.size(); ++i) {
      if (applied.done[i]) book_.made(undoing_[i]);
    }
    phase_ = Phase::kUndoRead;
    return turn.out.push_back(book_.read(ReadPurpose::kAfterUndo, &candidate_));
  }
  if (phase_ != Phase::kApply || applied.purpose != ApplyPurpose::kGeneration) return;
  std::vector<RouteObjectState> refused;
  for (const FailedOp& failure : applied.failures) {
    const RouteOp& op = passing_.at(failure.index);
    const bool gone_already = failure.conflict && op.kind == OpKind::kRemove;
    if (failure.waiting) waiting_[op.route.key] = failure.text;
    if (!failure.waiting && !gone_already) refused.push_back(object(op.route.key, failure.text, turn));
  }
  for (std::size_t i = 0; i < passing_.size() && i < applied.done.size(); ++i) {
    if (!applied.done[i]) continue;
    book_.made(passing_[i]);
    waiting_.erase(passing_[i].route.key);
    undoing_.push_back(passing_[i]);
    counts_.added += passing_[i].kind == OpKind::kAdd;
    counts_.replaced += passing_[i].kind == OpKind::kReplace;
    counts_.removed += passing_[i].kind == OpKind::kRemove;
  }
  if (!refused.empty()) {
    std::string reason = fmt::format("kernel: {}: {}", render(refused.front().key), refused.front().reason);
    return undo(std::move(reason), std::move(refused), turn);
  }
  phase_ = Phase::kReadBack;
  turn.out.push_back(book_.read(ReadPurpose::kReadBack, &candidate_));
}

// What the first plan meant to do and a fresh look says is not done.
std::vector<RouteOp> GenerationApply::leftover() const {
  std::set<routes::RouteKey> covered;  // by the inverse on disk
  for (const RouteOp& op : planned_) covered.insert(op.route.key);
  std::vector<RouteOp> left = make_plan().operations;
  std::erase_if(left, [&](const RouteOp& op) { return !covered.contains(op.route.key); });
  return left;
}

void GenerationApply::judge_read_back(Turn& turn) {
  std::vector<RouteOp> left = leftover();
  if (left.empty()) return tried_ ? begin_trial(turn) : confirm(turn);
  const bool all_wait = std::all_of(left.begin(), left.end(),
                                    [this](const RouteOp& op) { return waiting_.contains(op.route.key); });
  const bool progress = left.size() < passing_.size();
  if (pass_ < kMaxPasses && (progress || !all_wait)) {
    passing_ = std::move(left);
    return apply(turn);
  }
  if (all_wait) return tried_ ? begin_trial(turn) : confirm(turn);
  std::vector<RouteObjectState> refused;
  for (const RouteOp& op : left) {
    if (!waiting_.contains(op.route.key)) refused.push_back(object(op.route.key, "not as written when read back", turn));
  }
  undo(fmt::format("read_back: {} routes are not as they were written", refused.size()), std::move(refused), turn);
}

void GenerationApply::confirm(Turn& turn) {
  watch_.rest();
  const auto& before = book_.confirmed();
  if (before && before->generation != candidate_.generation && !going_back_) {
    phase_ = Phase::kPrevious;
    return turn.out.push_back(PersistPrevious{*before});
  }
  phase_ = Phase::kConfirmed;
  turn.out.push_back(PersistConfirmed{candidate_});
}

// In the log before the journal goes: a crash in between tells it twice, never not at all.
void GenerationApply::tell_confirmed(Turn& turn) {
  applied_ = candidate_.generation;
  undoing_.clear();
  book_.end_trial();
  for (const auto& [key, text] : waiting_) {
    if (const routes::Route* want = book_.wanted(key)) {
      book_.note(key, RouteState::kWaiting, book_.waiting_reason(*want, text), turn.now.wall);
    }
  }
  repairs_.begin_anew(turn);
  if (going_back_) return tell_went_back(turn);
  if (!restarted_) {
    session::GenerationResult result{candidate_.generation, candidate_.revision, GenerationOutcome::kConfirmed,
                                     guard_note_.empty() ? trial_note_ : guard_note_, {},
                                     counts_.added, counts_.replaced, counts_.removed, turn.now.boot - started_};
    if (trial_began_) result.probes = watch_.seen();
    if (trial_began_) result.deadline = given_;
    turn.log.append(std::move(result), turn);
  } else {
    turn.log.append(session::GenerationResult{candidate_.generation, candidate_.revision, GenerationOutcome::kConfirmed,
                                              "restarted: confirmed before the restart", {}, 0, 0, 0, {}},
                    turn);
  }
  tell(turn, trial_began_ ? Notice::kTrialConfirmed : Notice::kGenerationConfirmed,
       fmt::format("generation {} is in force: {} added, {} replaced, {} removed, {} waiting", candidate_.generation.value,
                   counts_.added, counts_.replaced, counts_.removed, waiting_.size()));
}

void GenerationApply::undo(std::string reason, std::vector<RouteObjectState> refused, Turn& turn) {
  reason_ = std::move(reason);
  refused_ = std::move(refused);
  pass_ = 0;
  // After a while on trial others may have written as well.
  undoing_ = trial_began_ ? still_needed(journal_->inverse, book_.table()) : inverse(undoing_);
  watch_.rest();
  book_.end_trial();
  phase_ = Phase::kUndo;
  turn.out.push_back(ApplyRoutes{ApplyPurpose::kUndo, undoing_});
}

// An operation whose fate the kernel did not tell may have been done all the same: only a look shows what is left.
void GenerationApply::judge_undo(const RoutesRead& read, Turn& turn) {
  if (++pass_ > kMaxPasses) return end_undo(turn);
  if (!read.snapshot) return turn.out.push_back(book_.read(ReadPurpose::kAfterUndo, &candidate_));
  std::vector<RouteOp> left;
  if (journal_ && journal_->boot_id == boot_id_) left = still_needed(journal_->inverse, book_.table());
  if (left.empty()) return end_undo(turn);
  undone_ += undoing_.size();
  undoing_ = std::move(left);
  phase_ = Phase::kUndo;
  turn.out.push_back(ApplyRoutes{ApplyPurpose::kUndo, undoing_});
}

// Undone, or never begun: said, then marked as said, then the journal goes.
void GenerationApply::settle(Turn& turn) {
  watch_.rest();
  restore_ownership();
  const std::size_t undone = std::exchange(undone_, 0) + std::exchange(undoing_, {}).size();
  if (refused_.size() > kMaxRefused) refused_.resize(kMaxRefused);
  const bool was_trial = trial_began_ || (restarted_ && armed_);
  tell(turn, is_refusal_ ? Notice::kGenerationRefused : was_trial ? Notice::kTrialRolledBack : Notice::kGenerationRolledBack,
       fmt::format("generation {}: {}", candidate_.generation.value, reason_));
  session::GenerationResult result{candidate_.generation, candidate_.revision,
                                   is_refusal_ ? GenerationOutcome::kRefused : GenerationOutcome::kRolledBack,
                                   reason_, std::exchange(refused_, {}), 0, 0,
                                   static_cast<std::uint32_t>(undone), turn.now.boot - started_};
  if (trial_began_) result.probes = watch_.seen();
  if (trial_began_) result.deadline = given_;
  if (!going_back_) turn.log.append(std::move(result), turn);
  if (request_) answer_request(!going_back_, going_back_ ? reason_ : fmt::format("generation {} was undone", candidate_.generation.value), turn);
  reason_.clear();
  highest_.settled = true;
  phase_ = Phase::kSettle;
  turn.out.push_back(PersistHighest{highest_});
}

void GenerationApply::finish_undone(Turn& turn) {
  finish(turn);
  repairs_.want_all(turn);  // whatever the undo could not put back
}

// What was needed for the change alone: its memory goes back, not only its elements. The candidate may wait for its turn.
void GenerationApply::let_go() {
  std::exchange(planned_, {});
  std::exchange(passing_, {});
  std::exchange(waiting_, {});
  std::exchange(ledger_before_, {});
}

void GenerationApply::finish(Turn& turn) {
  phase_ = Phase::kIdle;
  going_back_ = false;
  if (std::exchange(armed_, false)) turn.out.push_back(DisarmUndo{candidate_.generation});
  let_go();
  status_changed_ = true;
  if (blocked_.starts_with("busy")) blocked_ = repairs_.held ? "held" : "";
  if (pending_ && pending_->generation <= candidate_.generation) pending_.reset();
}

std::vector<RouteOp> still_needed(const std::vector<RouteOp>& inverse, const RouteTable& table) {
  std::vector<RouteOp> needed;
  for (const RouteOp& op : inverse) {
    const auto held = table.holders(op.route.key);
    const auto by_writer = std::find_if(held.begin(), held.end(),
                                        [&](const auto& r) { return r.protocol == op.protocol; });
    const bool there = by_writer != held.end();
    const bool as_before = std::any_of(held.begin(), held.end(), [&](const auto& r) {
      return r.protocol == op.protocol && r.route.value == op.route.value;
    });
    RouteOp next = op;
    switch (op.kind) {
      case OpKind::kRemove:
        if (there && satisfies(by_writer->route.value, op.route.value)) needed.push_back(std::move(next));
        break;
      case OpKind::kAdd:
        if (held.empty()) needed.push_back(std::move(next));
        break;
      case OpKind::kAppend:
        if (!as_before) needed.push_back(std::move(next));
        break;
      case OpKind::kReplace:
        if (as_before) break;
        // Put back over what the apply wrote, never over what somebody wrote since.
        if (!held.empty() && op.before && !is_of(held.front(), *op.before)) break;
        if (held.empty()) next = {OpKind::kAdd, op.route, op.protocol, std::nullopt, false};
        needed.push_back(std::move(next));
        break;
    }
  }
  return needed;
}

}  // namespace ondol::agent
