// The part of GenerationApply that waits for the world: preflight, the look before, the trial, and going back.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/core/generation_apply.h"

namespace ondol::agent {
namespace {

using session::GenerationOutcome;
using session::RouteObjectState;

constexpr Seconds kPreflightWithin{15}, kArmWithin{5};
constexpr Seconds kLookGap{1};  // between two looks at the same generation
constexpr int kMaxLooks = 3;
constexpr std::size_t kMaxNotes = 3;
constexpr char kCoversOnly[] = "preflight: scratch namespace not available, covers were checked instead";

bool is_one_host(const IpPrefix& prefix) { return prefix.length == address_bits(prefix.address.family); }

}  // namespace

void GenerationApply::stop_looking() {
  watch_.end();
  answer_by_ = BootTime::max();
  phase_ = Phase::kIdle;
}

// ---- before anything is touched ----

void GenerationApply::preflight(Turn& turn) {
  phase_ = Phase::kPreflight;
  attempt_ = watch_.new_attempt();
  answer_by_ = turn.now.boot + kPreflightWithin;
  turn.out.push_back(Preflight{attempt_, planned_, reach_targets()});
}

std::vector<trial::ReachTarget> GenerationApply::reach_targets() const {
  const auto& probes = candidate_.trial.probes;
  const bool calls_us = std::ranges::any_of(probes, [](const trial::ProbeTarget& probe) {
    return probe.kind == trial::ProbeKind::kInbound;
  });
  std::vector<trial::ReachTarget> targets;
  for (const IpPrefix& collector : book_.collector_path) targets.push_back({"collector", collector.address, calls_us});
  for (const IpPrefix& prefix : book_.guard.protected_prefixes) {
    if (is_one_host(prefix)) targets.push_back({"protected " + render(prefix.address), prefix.address, true});
  }
  for (const trial::ProbeTarget& probe : probes) {
    if (probe.kind == trial::ProbeKind::kTcp || probe.kind == trial::ProbeKind::kDns) {
      targets.push_back({trial::render(probe), probe.address, false});
    }
  }
  return targets;
}

void GenerationApply::on_preflight(const PreflightDone& done, Turn& turn) {
  if (phase_ != Phase::kPreflight || done.attempt != attempt_) return;
  answer_by_ = BootTime::max();
  trial::PreflightVerdict verdict;
  if (done.verdict) {
    verdict = *done.verdict;
    for (std::size_t i = 0; i < verdict.notes.size() && i < kMaxNotes; ++i) {
      trial_note_ += (i == 0 ? "preflight: " : "; ") + verdict.notes[i];
    }
  } else if (done.verdict.error().code == Errc::kUnavailable) {
    trial_note_ = kCoversOnly;
    tell(turn, Notice::kPreflightMissing, fmt::format("generation {}: {}", candidate_.generation.value, trial_note_));
    for (const Refusal& refusal : book_.judge_reach(planned_, reach_targets())) {
      verdict.refusals.push_back({refusal.index, refusal.reason});
    }
  } else {
    return give_back("preflight: " + done.verdict.error().message, turn);
  }
  verdict.refusals.empty() ? look_before(turn) : refuse_unreachable(verdict, turn);
}

void GenerationApply::refuse_unreachable(const trial::PreflightVerdict& verdict, Turn& turn) {
  std::vector<RouteObjectState> refused;
  for (const trial::PreflightRefusal& refusal : verdict.refusals) {
    if (refusal.operation >= planned_.size()) continue;
    refused.push_back(object(planned_[refusal.operation].route.key, "preflight: " + refusal.reason, turn));
  }
  refuse("preflight: " + verdict.refusals.front().reason, std::move(refused), turn);
}

void GenerationApply::look_before(Turn& turn) {
  phase_ = Phase::kLookBefore;
  tried_ = candidate_.trial.enabled;
  if (!tried_) return;  // watches nothing: good at once
  session::Contact who;
  who.host = host;
  who.generation = candidate_.generation;
  who.instance_id = options_.instance;
  watch_.look_before(std::move(who), candidate_.trial, turn);
}

// Nothing was touched: it stays pending and is tried again later.
void GenerationApply::give_back(std::string reason, Turn& turn) {
  stop_looking();
  looks_ = 0;
  if (pending_ && pending_->generation > candidate_.generation) return;
  given_back_ = candidate_.generation;
  retry_at_ = turn.now.boot + kLookGap + look_backoff_.next(turn.random);
  block(std::move(candidate_), std::move(reason), turn);
}

// The world may have taken its time: what is written is what would be planned now, or it is planned anew.
void GenerationApply::commit(Turn& turn) {
  if (is_looking()) {
    if (std::string why = obstacle(turn); !why.empty()) return give_back(std::move(why), turn);
    if (make_plan().operations != planned_) {
      if (++looks_ >= kMaxLooks) return give_back("unsettled: routes change while the generation is looked at", turn);
      return begin(std::move(candidate_), turn);
    }
  }
  looks_ = 0;
  look_backoff_.succeeded();
  given_back_ = {};
  blocked_.clear();
  ledger_before_ = book_.ledger();
  highest_before_ = highest_;
  // Who goes back takes no number: the highest one stays used up.
  highest_ = going_back_ ? Highest{highest_.generation, highest_.revision, true}
                         : Highest{candidate_.generation, candidate_.revision, false};
  phase_ = Phase::kHighest;
  turn.out.push_back(PersistHighest{highest_});
}

// ---- the change and its trial ----

BootTime GenerationApply::deadline_from(BootTime now) {
  if (!tried_) return {};
  const Milliseconds asked = candidate_.trial.deadline;
  given_ = bounded_trial(std::clamp(asked, trial::kShortestTrial, trial::kLongestTrial), book_.guard);
  if (given_ != asked) {
    trial_note_ += fmt::format("{}guard: tried for {} s instead of {} s", trial_note_.empty() ? "" : "; ",
                               given_.count() / 1000, asked.count() / 1000);
  }
  return now + given_;
}

void GenerationApply::arm(Turn& turn) {
  phase_ = Phase::kArm;
  armed_ = true;
  answer_by_ = turn.now.boot + kArmWithin;
  turn.out.push_back(ArmUndo{candidate_.generation, journal_->deadline});
}

void GenerationApply::on_undo_armed(const UndoArmed& armed, Turn& turn) {
  if (on_trial() && !armed.result) keeper_lost_ = armed.result.error().message;
  if (phase_ != Phase::kArm || armed.generation != candidate_.generation) return;
  answer_by_ = BootTime::max();
  if (armed.result) return apply(turn);
  is_refusal_ = true;
  reason_ = "undo: " + armed.result.error().message;
  blocked_ = reason_;
  settle(turn);
}

void GenerationApply::begin_trial(Turn& turn) {
  phase_ = Phase::kTrial;
  trial_began_ = true;
  std::set<routes::RouteKey> touched;
  for (const routes::RouteOp& op : planned_) touched.insert(op.route.key);
  book_.begin_trial(candidate_, std::move(touched));
  session::GenerationResult result{candidate_.generation, candidate_.revision, GenerationOutcome::kTrial, trial_note_, {},
                                   counts_.added, counts_.replaced, counts_.removed, turn.now.boot - started_};
  result.probes = watch_.green_before();
  result.deadline = given_;
  tell(turn, Notice::kTrialBegan,
       fmt::format("generation {} is on trial for {} s: {} added, {} replaced, {} removed, {} probes were green before",
                   candidate_.generation.value, given_.count() / 1000, counts_.added, counts_.replaced, counts_.removed,
                   result.probes.size()));
  turn.log.append(std::move(result), turn);
  status_changed_ = true;
  watch_.begin(journal_->deadline, turn);
}

void GenerationApply::on_probes(const ProbesDone& done, Turn& turn) { watch_.on_probes(done, turn); }
void GenerationApply::on_contact(const ContactMade& made, Turn& turn) { watch_.on_contact(made, turn); }

void GenerationApply::on_timer(Turn& turn) {
  watch_.on_timer(turn);
  if (retry_at_ <= turn.now.boot) retry_at_ = {};
  if (answer_by_ > turn.now.boot) return;
  if (phase_ == Phase::kPreflight) give_back("preflight: no answer", turn);
  if (phase_ == Phase::kArm) on_undo_armed({candidate_.generation, fail(Errc::kUnavailable, "no answer")}, turn);
}

void GenerationApply::advance(Turn& turn) {
  using Verdict = TrialWatch::Verdict;
  if (phase_ == Phase::kUndoProbes && watch_.verdict(turn.now.boot) == Verdict::kGood) return settle(turn);
  if (repairs_.busy()) return;  // first what is under way
  if (phase_ == Phase::kTrial) return judge_trial(turn);
  if (phase_ != Phase::kLookBefore) return;
  switch (watch_.verdict(turn.now.boot)) {
    case Verdict::kOpen: return;
    case Verdict::kGood: return commit(turn);
    case Verdict::kBad: return give_back(watch_.reason(), turn);
  }
}

void GenerationApply::judge_trial(Turn& turn) {
  using Verdict = TrialWatch::Verdict;
  if (!keeper_lost_.empty()) return undo("undo: " + keeper_lost_, {}, turn);
  if (request_) return undo("person: rolled back by " + asked_by_, {}, turn);
  switch (watch_.verdict(turn.now.boot)) {
    case Verdict::kOpen: return;
    case Verdict::kGood: return confirm(turn);
    case Verdict::kBad: return undo(watch_.reason(), {}, turn);
  }
}

// What is green again is part of the result.
void GenerationApply::end_undo(Turn& turn) {
  if (!trial_began_) return settle(turn);
  phase_ = Phase::kUndoProbes;
  watch_.look_after_undo(turn);
}

// Repairs of other keys went on during a trial: only what it touched becomes what it was.
void GenerationApply::restore_ownership() {
  if (restarted_) return book_.keep_only_wanted();
  if (!journal_) return;
  for (const routes::RouteOp& op : journal_->inverse) book_.restore_entry(op.route.key, ledger_before_);
  book_.ledger_changed = book_.ledger_changed || trial_began_;
}

BootTime GenerationApply::next_due() const {
  BootTime next = std::min(watch_.next_due(), answer_by_);
  if (pending_ && retry_at_ != BootTime{}) next = std::min(next, retry_at_);
  return next;
}

std::optional<BootTime> GenerationApply::trial_deadline() const {
  return on_trial() ? std::optional(watch_.deadline()) : std::nullopt;
}

// ---- back, because a person says so ----

bool GenerationApply::go_back(std::uint64_t request, const std::string& who, Turn& turn) {
  const auto refused = [&](const char* why) {
    turn.out.push_back(Answer{request, false, why});
    return false;
  };
  if (request_ || (phase_ != Phase::kIdle && !on_trial()) || (!on_trial() && repairs_.busy())) return refused("busy, try again");
  if (!on_trial() && journal_stuck_) return refused("storage: the journal of the last apply cannot be removed");
  const bool has_previous = previous && book_.confirmed() && previous->generation != book_.confirmed()->generation;
  if (!on_trial() && !has_previous) return refused("there is no earlier generation to go back to; `withdraw` removes everything");
  request_ = request;
  asked_by_ = who;
  if (on_trial()) return true;  // advance() undoes it
  going_back_ = true;
  left_ = *book_.confirmed();
  begin(*previous, turn);
  return true;
}

void GenerationApply::tell_went_back(Turn& turn) {
  const std::string text = fmt::format("person: generation {} was put back by {}", candidate_.generation.value, asked_by_);
  turn.log.append(session::GenerationResult{left_.generation, left_.revision, GenerationOutcome::kRolledBack, text, {},
                                            counts_.added, counts_.replaced, counts_.removed, turn.now.boot - started_},
                  turn);
  tell(turn, Notice::kGenerationRolledBack, fmt::format("generation {}: {}", left_.generation.value, text));
  answer_request(true, fmt::format("generation {} is in force again", candidate_.generation.value), turn);
}

void GenerationApply::answer_request(bool accepted, std::string text, Turn& turn) {
  if (!request_) return;
  turn.out.push_back(Answer{*std::exchange(request_, std::nullopt), accepted, std::move(text)});
}

}  // namespace ondol::agent
