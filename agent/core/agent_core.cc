#include "agent/core/agent_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ondol::agent {
namespace {

constexpr Milliseconds kReadGap{50};           // between reads that events ask for,
constexpr Milliseconds kLongestReadGap{1'000};  // doubled up to here while they go on asking: a link may flap for days
constexpr Milliseconds kPublishWithin{50};     // of a change: what changes together is encoded once
constexpr Seconds kPublishCountsWithin{60};    // routing daemons change their counts all the time
constexpr Seconds kReadRetry{1};
constexpr Seconds kWaitingGap{1}, kWaitingBackstop{60};
constexpr Seconds kToldGap{10};

}  // namespace

AgentCore::AgentCore(CoreOptions options)
    : options_(std::move(options)),
      book_(options_.session.boot_id),
      repairs_(book_),
      watch_(book_, repairs_),
      generation_(book_, repairs_, {options_.undo_keeper, options_.session.instance_id}),
      withdrawal_(book_),
      session_(options_.session) {
  book_.guards_collector_path = options_.guards_collector_path;
}

Effects AgentCore::step(Event event) {
  Effects out;
  Turn turn{event.now, event.random, out, log_};
  std::visit([&](const auto& what) { on(what, turn); }, event.what);
  settle(turn);
  // The kernel first: what is written and told about a repair may wait for it, never it for them.
  const auto is_repair = [](const Effect& effect) {
    const auto* apply = std::get_if<ApplyRoutes>(&effect);
    return apply != nullptr && apply->purpose == ApplyPurpose::kRepair;
  };
  if (const auto repair = std::ranges::find_if(out, is_repair); repair != out.end()) std::rotate(out.begin(), repair, repair + 1);
  return out;
}

void AgentCore::on(const RoutesTouched& touched, Turn& turn) {
  if (stage_ == Stage::kStarting) return;  // the first read will tell
  if (watch_.on_touched(touched, turn)) read_soon(turn);
  retry_waiting_soon(turn);
  mark_dirty(kPublishWithin, turn);
}

void AgentCore::on(const KernelNotice& notice, Turn& turn) {
  if (notice.overrun && (last_overrun_told_ == BootTime{} || turn.now.boot - last_overrun_told_ >= kToldGap)) {
    last_overrun_told_ = turn.now.boot;
    log_.append(session::ObserverNotice{session::ResourceType::kRoutes, "overrun", "route events were lost, reading all"},
                turn);
    tell(turn, Notice::kOverrun, "route events were lost, reading all");
  }
  if (!notice.error.empty()) read_failed({Errc::kIo, notice.error, {}, {}}, turn);
  links_changed_ = links_changed_ || notice.links_changed || notice.overrun;
  read_soon(turn);
}

void AgentCore::on(const RoutesRead& read, Turn& turn) {
  if (read.links) {
    links_changed_ = links_changed_ || book_.links != *read.links;
    book_.links = *read.links;
  }
  if (!read.snapshot) {
    read_failed(read.snapshot.error(), turn);
  } else {
    ++rounds_;
    fresh_read_ = true;
    const bool goes_on = std::exchange(read_is_asked_, false) && turn.now.boot - last_read_ <= kLongestReadGap;
    read_gap_ = goes_on ? std::min(2 * read_gap_, kLongestReadGap) : kReadGap;
    last_read_ = turn.now.boot;
    next_sweep_ = turn.now.boot + options_.sweep;
    if (!std::exchange(observer_error_, {}).empty()) tell(turn, Notice::kObserverRecovered, "routes can be read again");
    if (watch_.on_read(*read.snapshot, turn)) mark_dirty(kPublishWithin, turn);
    if (watch_.counts_changed()) mark_dirty(kPublishCountsWithin, turn);
    if (stage_ == Stage::kStarting) first_read(turn);
  }
  generation_.on_read(read, turn);
  withdrawal_.on_read(read, turn);
}

void AgentCore::read_failed(const Error& error, Turn& turn) {
  next_sweep_ = turn.now.boot + kReadRetry;
  if (observer_error_ != error.message) tell(turn, Notice::kObserverFailed, "routes cannot be read: " + error.message);
  observer_error_ = error.message;
  if (!session_.is_started()) session_.start(turn);  // the collector shall see that we are stuck
}

void AgentCore::on(const RoutesApplied& applied, Turn& turn) {
  if (applied.purpose == ApplyPurpose::kRepair) repairs_.on_applied(applied, turn);
  generation_.on_applied(applied, turn);
  withdrawal_.on_applied(applied, turn);
  if (repairs_.take_needs_read()) read_soon(turn);
  mark_dirty(kPublishWithin, turn);
}

void AgentCore::on(const Persisted& persisted, Turn& turn) {
  const std::string error = persisted.result ? "" : render(persisted.result.error());
  if (!error.empty() && storage_error_ != error) tell(turn, Notice::kStorageFailed, error);
  if (error.empty() && !storage_error_.empty()) tell(turn, Notice::kStorageRecovered, "the state directory takes writes again");
  storage_error_ = error;
  if (persisted.item == StoredItem::kLedger && persisted.result) book_.ledger_changed = false;
  if (persisted.item == StoredItem::kLedger) repairs_.on_ledger_persisted(persisted.result, turn);
  generation_.on_persisted(persisted, turn);
  const bool withdrawing = withdrawal_.busy();
  withdrawal_.on_persisted(persisted, turn);
  if (withdrawing && !withdrawal_.busy()) generation_.withdrawal_ended();
  if (persisted.item == StoredItem::kHold && !hold_requests_.empty()) {
    const auto [id, here] = hold_requests_.front();
    hold_requests_.pop_front();
    const char* text = here ? "held" : book_.guard.hold ? "released; the guard file still holds" : "released";
    if (id != 0) turn.out.push_back(Answer{id, error.empty(), error.empty() ? text : std::string(text) + ", but not on disk: " + error});
  }
  mark_dirty(kPublishWithin, turn);
}

void AgentCore::on(const SpoolTrimmed& trimmed, Turn&) { log_.trimmed(trimmed.oldest); }
void AgentCore::on(const EventsSent& sent, Turn& turn) { session_.on_events_sent(sent.through, turn); }
void AgentCore::on(const ReportEncoded& encoded, Turn& turn) { session_.on_report_encoded(encoded.digest, turn); }
void AgentCore::on(const PreflightDone& done, Turn& turn) { generation_.on_preflight(done, turn); }
void AgentCore::on(const ProbesDone& done, Turn& turn) { generation_.on_probes(done, turn); }
void AgentCore::on(const ContactMade& made, Turn& turn) { generation_.on_contact(made, turn); }
void AgentCore::on(const UndoArmed& armed, Turn& turn) { generation_.on_undo_armed(armed, turn); }
void AgentCore::on(const SessionOpened& opened, Turn& turn) {
  generation_.host = opened.host;
  session_.on_opened(opened.host, generation_.status(turn.now.boot), turn);
}
void AgentCore::on(const SessionClosed& closed, Turn& turn) { session_.on_closed(closed, turn); }

void AgentCore::on(const SessionReceived& received, Turn& turn) {
  session_.on_message(received.message, turn);
  if (const std::uint64_t by = log_.take_moved(); by > 0) repairs_.renumber(by);
  const auto* offer = std::get_if<session::DesiredOffer>(&received.message);
  if (offer != nullptr && session_.state() == SessionState::kUp) generation_.offer(offer->state, turn);
}

void AgentCore::on(const CollectorResolved& resolved, Turn&) { book_.collector_path = resolved.path; }

void AgentCore::on(const GuardLoaded& loaded, Turn& turn) {
  if (!loaded.rules.problem.empty() && loaded.rules.problem != book_.guard.problem) {
    tell(turn, Notice::kGuardRefuses, loaded.rules.problem);
  }
  if (!loaded.rules.remark.empty() && loaded.rules.remark != book_.guard.remark) {
    tell(turn, Notice::kGuardRemark, loaded.rules.remark);
  }
  book_.guard = loaded.rules;
  generation_.guard_changed();
  change_hold(held_here_, turn);
}

void AgentCore::change_hold(bool here, Turn& turn) {
  held_here_ = here;
  const bool held = here || book_.guard.hold;
  if (held == repairs_.held) return;
  repairs_.held = held;
  log_.append(session::ObserverNotice{session::ResourceType::kRoutes, held ? "hold" : "release", ""}, turn);
  tell(turn, held ? Notice::kHeld : Notice::kReleased, held ? "nothing is written until it is released" : "changes go on");
  if (!held && stage_ == Stage::kRunning) repairs_.release(turn);
  mark_dirty(kPublishWithin, turn);
}

void AgentCore::on(const SafeModeSet& safe_mode, Turn& turn) {
  if (safe_mode.reason == generation_.safe_mode()) return;
  const bool begins = !safe_mode.reason.empty();
  tell(turn, begins ? Notice::kSafeModeEntered : Notice::kSafeModeLeft,
       begins ? safe_mode.reason + "; what was confirmed is enforced, nothing new is taken" : "new generations are taken again");
  generation_.set_safe_mode(safe_mode.reason);
  mark_dirty(kPublishWithin, turn);
}

void AgentCore::on(const LocalRequest& request, Turn& turn) {
  switch (request.verb) {
    case LocalRequest::Verb::kHold:
    case LocalRequest::Verb::kRelease: {
      const bool here = request.verb == LocalRequest::Verb::kHold;
      ask_hold(request.id, here, turn);
      if (!here && !repairs_.held && stage_ == Stage::kRunning) repairs_.release(turn);
      return;
    }
    case LocalRequest::Verb::kRollback:
      if (stage_ != Stage::kRunning || withdrawal_.busy()) return turn.out.push_back(Answer{request.id, false, "busy, try again"});
      if (generation_.go_back(request.id, request.who, turn)) ask_hold(0, true, turn);  // or the same comes again
      return;
    case LocalRequest::Verb::kWithdraw: return withdraw(request, turn);
  }
}

void AgentCore::ask_hold(std::uint64_t request, bool here, Turn& turn) {
  change_hold(here, turn);
  hold_requests_.emplace_back(request, here);
  turn.out.push_back(PersistHold{here});
}

void AgentCore::withdraw(const LocalRequest& request, Turn& turn) {
  const char* obstacle = generation_.on_trial() ? "a generation is on trial, roll it back first"
                         : stage_ != Stage::kRunning || working() || repairs_.busy() ? "busy, try again"
                                                                                     : nullptr;
  if (obstacle != nullptr) return turn.out.push_back(Answer{request.id, false, obstacle});
  repairs_.forget();
  generation_.forget(turn);
  withdrawal_.begin(request.id, request.who, turn);
}

void AgentCore::on(const TimerFired&, Turn& turn) {
  repairs_.on_timer(turn);
  generation_.on_timer(turn);
  if (session_.is_started()) session_.on_timer(progress(turn.now.boot), turn);
  if (turn.now.boot >= retry_waiting_at_) {
    retry_waiting_at_ = BootTime::max();
    last_waiting_retry_ = turn.now.boot;
    if (stage_ == Stage::kRunning) repairs_.want_waiting(turn.now.boot);
  }
  if (turn.now.boot >= next_sweep_ && !working()) {
    next_sweep_ = BootTime::max();
    turn.out.push_back(book_.read(ReadPurpose::kSweep, nullptr));
    generation_.on_sweep(turn);
    // A disk that failed is tried again: nobody else writes on a quiet day.
    const bool write = book_.ledger_changed || !storage_error_.empty();
    if (write && !repairs_.busy()) turn.out.push_back(PersistLedger{book_.ledger()});
    tell_untold(turn);
    if (turn.now.boot - last_waiting_retry_ >= kWaitingBackstop) retry_waiting_soon(turn);
  }
}

void AgentCore::settle(Turn& turn) {
  if (stage_ != Stage::kRunning) settle_start(turn);
  if (stage_ == Stage::kRunning && std::exchange(links_changed_, links_changed_ && !fresh_read_) && fresh_read_) {
    repairs_.want_waiting(turn.now.boot);
  }
  if (stage_ >= Stage::kEnforcing) generation_.advance(turn);
  if (stage_ >= Stage::kEnforcing && !working()) repairs_.flush(turn);
  if (stage_ == Stage::kRunning) generation_.retry_pending(fresh_read_, turn);
  fresh_read_ = false;
  if (stage_ == Stage::kEnforcing) settle_start(turn);
  if (generation_.take_status_changed()) {
    session_.send_status(generation_.status(turn.now.boot), turn);
    mark_dirty({}, turn);  // what follows the numbers on the stream is the value that goes with them
  }
  publish_if_due(turn);
  session_.pump(is_settled(), turn);
}

BootTime AgentCore::wake_at() const {
  // What waits for an answer is not woken for: the answer is an event.
  BootTime next = std::min({retry_waiting_at_, session_.next_due(), generation_.next_due()});
  if (!working()) next = std::min(next, next_sweep_);
  if (can_publish()) next = std::min(next, publish_at_);
  if (stage_ == Stage::kRunning && !working()) next = std::min(next, repairs_.next_due());
  return next;
}

void AgentCore::read_soon(Turn& turn) {
  if (stage_ == Stage::kStarting) return;
  read_is_asked_ = true;
  if (turn.now.boot - last_read_ >= read_gap_ && !working()) {
    next_sweep_ = BootTime::max();
    turn.out.push_back(book_.read(ReadPurpose::kSweep, nullptr));
    return;
  }
  next_sweep_ = std::min(next_sweep_, std::max(turn.now.boot, last_read_ + read_gap_));
}

void AgentCore::retry_waiting_soon(Turn& turn) {
  if (!book_.has_waiting()) return;
  retry_waiting_at_ = std::min(retry_waiting_at_, std::max(turn.now.boot, last_waiting_retry_ + kWaitingGap));
}

}  // namespace ondol::agent
