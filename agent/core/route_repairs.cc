#include "agent/core/route_repairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ondol::agent {
namespace {

using routes::RouteKey;
using routes::RouteOp;
using routes::RouteState;
using session::RepairOutcome;

constexpr Seconds kFirstRetry{1};
constexpr int kMaxRetryDoublings = 6;  // 64 s at most

bool is_in_order(RouteState state) { return state == RouteState::kInSync || state == RouteState::kSatisfied; }

}  // namespace

void RouteRepairs::want(const RouteKey& key, Cause cause) { wanted_[key] = {cause, {}}; }

void RouteRepairs::want_all(Turn& turn) {
  for (const RouteKey& key : book_.assess_all(turn.now.wall)) wanted_[key] = {{{}, turn.now.boot, false, true}, {}};
}

void RouteRepairs::want_waiting(BootTime seen) {
  for (const RouteKey& key : book_.in_state(RouteState::kWaiting)) wanted_.try_emplace(key, Wanted{{{}, seen, false, false}, {}});
}

void RouteRepairs::touched(const RouteKey& key, const std::optional<Author>& author, BootTime now) {
  budget_.touched(key, author, now);
  if (budget_.is_contested(key)) book_.note_contender(key, budget_.contender(key));
}

void RouteRepairs::flush(Turn& turn) {
  if (busy() || wanted_.empty() || !book_.has_read()) return;
  if (!book_.enforces()) return set_aside(RepairOutcome::kReportOnly, "", turn);
  if (held) return set_aside(RepairOutcome::kHeld, "held", turn);
  const std::vector<RouteKey> keys = due(turn);
  if (keys.empty()) return;
  std::vector<RouteOp> operations = book_.plan_keys(keys).operations;
  explain_left_alone(keys, operations, turn);
  drop_refused(operations, turn);
  if (!operations.empty()) stage(std::move(operations), turn);
}

// Takes out of `wanted_` what may be repaired now; in key order.
std::vector<RouteKey> RouteRepairs::due(Turn& turn) {
  std::vector<RouteKey> keys;
  std::vector<RouteKey> fights;
  for (auto& [key, wanted] : wanted_) {
    if (wanted.not_before > turn.now.boot || book_.is_tried(key)) continue;  // a trial ends before its keys are repaired
    const RepairBudget::Verdict verdict = wanted.cause.another_writer ? budget_.judge(key, turn.now.boot)
                                                                      : RepairBudget::Verdict{budget_.is_contested(key), {}};
    wanted.not_before = verdict.not_before;
    if (verdict.contested) fights.push_back(key);
    if (!verdict.contested && verdict.not_before <= turn.now.boot) keys.push_back(key);
  }
  for (const RouteKey& key : keys) in_flight_[key] = wanted_.extract(key).mapped().cause;
  for (const RouteKey& key : fights) {
    in_flight_[key] = wanted_.extract(key).mapped().cause;
    contest(key, turn);
  }
  return keys;
}

void RouteRepairs::contest(const RouteKey& key, Turn& turn) {
  const bool is_new = book_.not_in_sync().contains(key) && book_.not_in_sync().at(key).state != RouteState::kContested;
  const auto contender = budget_.contender(key);
  const std::string writer = contender ? render(*contender) : "unknown process";
  book_.note(key, RouteState::kContested, "contested by " + writer, turn.now.wall);
  book_.note_contender(key, contender);
  if (is_new) tell(turn, Notice::kRouteContested, fmt::format("{} is contested by {}", render(key), writer));
  conclude(key, RepairOutcome::kContested, "contested by " + writer, {}, turn);
}

// Nothing may be written now: each cause gets its outcome, and release() wants them again.
void RouteRepairs::set_aside(RepairOutcome outcome, const std::string& reason, Turn& turn) {
  for (auto& [key, wanted] : std::exchange(wanted_, {})) {
    in_flight_[key] = wanted.cause;
    const auto object = book_.not_in_sync().find(key);
    const bool missing_or_changed = object != book_.not_in_sync().end() && !is_in_order(object->second.state);
    if (missing_or_changed && !reason.empty()) book_.note(key, object->second.state, reason, turn.now.wall);
    conclude(key, outcome, reason, {}, turn);
  }
}

// Planned for, but no operation came out: it is in order by now, or a foreign route is respected.
void RouteRepairs::explain_left_alone(const std::vector<RouteKey>& keys, const std::vector<RouteOp>& operations,
                                      Turn& turn) {
  std::set<RouteKey> planned;
  for (const RouteOp& op : operations) planned.insert(op.route.key);
  for (const RouteKey& key : keys) {
    if (planned.contains(key)) continue;
    if (book_.assess(key, turn.now.wall) == RouteState::kConflict) {
      const std::string& known = book_.not_in_sync().at(key).reason;
      conclude(key, RepairOutcome::kReportOnly, known.empty() ? "conflict: a foreign route holds the key" : known, {},
               turn);
    }
    in_flight_.erase(key);
  }
}

void RouteRepairs::drop_refused(std::vector<RouteOp>& operations, Turn& turn) {
  const std::vector<Refusal> refusals = book_.judge(operations);
  for (auto refusal = refusals.rbegin(); refusal != refusals.rend(); ++refusal) {
    const auto at = operations.begin() + static_cast<std::ptrdiff_t>(refusal->index);
    const auto state = book_.assess(at->route.key, turn.now.wall);
    book_.note(at->route.key, state.value_or(RouteState::kMissing), refusal->reason, turn.now.wall);
    conclude(at->route.key, RepairOutcome::kHeld, refusal->reason, {}, turn);
    operations.erase(at);
  }
}

// A key that is not in the ledger is written there first: after a crash we must know our own routes.
void RouteRepairs::stage(std::vector<RouteOp> operations, Turn& turn) {
  bool claimed = false;
  for (const RouteOp& op : operations) {
    if (op.protocol == routes::kOurProtocol) claimed |= book_.claim(op.route.key, op.route.value);
  }
  staged_ = std::move(operations);
  if (claimed) {
    stage_ = Stage::kLedger;
    turn.out.push_back(PersistLedger{book_.ledger()});
    return;
  }
  stage_ = Stage::kApplying;
  turn.out.push_back(ApplyRoutes{ApplyPurpose::kRepair, staged_});
}

void RouteRepairs::on_ledger_persisted(const Result<void>& result, Turn& turn) {
  if (stage_ != Stage::kLedger) return;
  if (result) {
    book_.ledger_changed = false;
    stage_ = Stage::kApplying;
    turn.out.push_back(ApplyRoutes{ApplyPurpose::kRepair, staged_});
    return;
  }
  stage_ = Stage::kIdle;
  for (const RouteOp& op : std::exchange(staged_, {})) {
    if (!book_.ledger().entries.at(op.route.key).made) book_.disown(op.route.key);
    on_failed(op, {0, "the ledger cannot be written: " + result.error().message, false, false}, turn);
  }
}

void RouteRepairs::on_applied(const RoutesApplied& applied, Turn& turn) {
  if (stage_ != Stage::kApplying) return;
  stage_ = Stage::kIdle;
  last_round_ = {};
  const std::vector<RouteOp> operations = std::exchange(staged_, {});
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i < applied.done.size() && applied.done[i]) on_done(operations[i], applied.finished, turn);
  }
  for (const FailedOp& failure : applied.failures) {
    if (failure.index >= operations.size()) continue;
    failure.waiting ? on_waiting(operations[failure.index], failure, turn)
                    : on_failed(operations[failure.index], failure, turn);
  }
  if (last_round_.enforced > 0) {
    tell(turn, Notice::kRoutesRepaired,
         fmt::format("put back {} route{}", last_round_.enforced, last_round_.enforced == 1 ? "" : "s"));
    if (last_round_.waiting > 0) want_waiting(turn.now.boot);  // its gateway may lie behind one of these
  }
}

void RouteRepairs::on_done(const RouteOp& op, const Now& finished, Turn& turn) {
  const RouteKey& key = op.route.key;
  book_.made(op);
  const auto answered = in_flight_.find(key);
  if (answered == in_flight_.end()) return;  // a second operation on the key: its cause has its outcome
  const Cause cause = answered->second;
  book_.note(key, RouteState::kInSync, "", turn.now.wall);
  setbacks_.erase(key);
  if (cause.another_writer) budget_.spend(key, turn.now.boot);
  ++last_round_.enforced;
  conclude(key, RepairOutcome::kRepaired, "", finished.boot - cause.seen, turn);
}

void RouteRepairs::on_waiting(const RouteOp& op, const FailedOp& failure, Turn& turn) {
  const RouteKey& key = op.route.key;
  const auto known = book_.not_in_sync().find(key);
  const bool was_waiting = known != book_.not_in_sync().end() && known->second.state == RouteState::kWaiting;
  const std::string reason = book_.waiting_reason(op.route, failure.text);
  ++last_round_.waiting;
  book_.note(key, RouteState::kWaiting, reason, turn.now.wall);
  if (was_waiting) in_flight_.erase(key);
  conclude(key, RepairOutcome::kWaiting, reason, {}, turn);
}

void RouteRepairs::on_failed(const RouteOp& op, const FailedOp& failure, Turn& turn) {
  const RouteKey& key = op.route.key;
  Cause cause = in_flight_[key];
  needs_read_ = needs_read_ || failure.conflict;
  // Somebody was there first: what holds the key was not made by us.
  const auto claimed = book_.ledger().entries.find(key);
  if (failure.conflict && claimed != book_.ledger().entries.end() && !claimed->second.made) book_.disown(key);
  ++last_round_.failed;
  Setback& setback = setbacks_[key];
  const bool is_news = setback.text != failure.text;
  setback.text = failure.text;
  const auto delay = kFirstRetry * (1 << std::min(setback.failures++, kMaxRetryDoublings));
  const auto state = book_.assess(key, turn.now.wall);
  book_.note(key, state.value_or(RouteState::kMissing), failure.text, turn.now.wall);
  if (is_news) {
    tell(turn, Notice::kRepairFailed, fmt::format("{} cannot be put back: {}", render(key), failure.text));
    conclude(key, RepairOutcome::kFailed, failure.text, {}, turn);
  }
  in_flight_.erase(key);
  wanted_[key] = {cause, turn.now.boot + delay};
}

// One outcome per cause.
void RouteRepairs::conclude(const RouteKey& key, RepairOutcome outcome, std::string reason, Nanoseconds latency,
                            Turn& turn) {
  const auto found = in_flight_.find(key);
  if (found == in_flight_.end()) return;
  const Cause cause = found->second;
  in_flight_.erase(found);
  if (cause.told) return;
  turn.log.append(session::RouteRepair{key, outcome, std::move(reason), latency, cause.answers}, turn);
}

void RouteRepairs::on_timer(Turn& turn) {
  for (const RouteKey& key : budget_.release_still(turn.now.boot)) {
    book_.note(key, RouteState::kMissing, "", turn.now.wall);
    const auto state = book_.assess(key, turn.now.wall);
    if (state && !is_in_order(*state)) want(key, {{}, turn.now.boot, false, false});
  }
}

void RouteRepairs::release(Turn& turn) {
  for (const RouteKey& key : book_.in_state(RouteState::kContested)) {
    book_.note(key, RouteState::kMissing, "", turn.now.wall);
  }
  budget_.release();
  setbacks_.clear();
  if (!book_.enforces()) return;
  for (const RouteKey& key : book_.assess_all(turn.now.wall)) want(key, {{}, turn.now.boot, false, false});
}

void RouteRepairs::forget() {
  wanted_.clear();
  in_flight_.clear();
  setbacks_.clear();
  budget_.release();
}

void RouteRepairs::renumber(std::uint64_t by) {
  const auto move = [by](Cause& cause) { cause.answers.value += cause.answers.value > 0 ? by : 0; };
  for (auto& [key, wanted] : wanted_) move(wanted.cause);
  for (auto& [key, cause] : in_flight_) move(cause);
}

void RouteRepairs::begin_anew(Turn& turn) {
  const auto before = std::exchange(wanted_, {});
  forget();
  for (const RouteKey& key : book_.assess_all(turn.now.wall)) {
    const RouteState state = book_.not_in_sync().at(key).state;
    if (!book_.enforces() || (state != RouteState::kMissing && state != RouteState::kChanged)) continue;
    const auto known = before.find(key);
    want(key, known != before.end() ? known->second.cause : Cause{{}, turn.now.boot, false, false});
  }
}

bool RouteRepairs::take_needs_read() { return std::exchange(needs_read_, false); }

BootTime RouteRepairs::next_due() const {
  BootTime next = budget_.next_release();
  if (busy() || held || !book_.enforces()) return next;
  for (const auto& [key, wanted] : wanted_) {
    if (!book_.is_tried(key)) next = std::min(next, wanted.not_before);
  }
  return next;
}

}  // namespace ondol::agent
