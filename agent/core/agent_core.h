// The agent's mind: what happened goes in, what to do comes out, in the order in which it must be done.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "agent/core/event_log.h"
#include "agent/core/events.h"
#include "agent/core/generation_apply.h"
#include "agent/core/route_book.h"
#include "agent/core/route_repairs.h"
#include "agent/core/route_watch.h"
#include "agent/core/session_keeper.h"
#include "agent/core/withdrawal.h"

namespace ondol::agent {

struct CoreOptions {
  SessionOptions session;
  Milliseconds sweep{5'000};             // between whole verifications
  bool undo_keeper = false;              // another program holds the journal while a change is on trial
  bool guards_collector_path = true;     // false only where a safety test looks what holds without
};

// What `status` and the metrics show.
struct CoreStatus {
  session::GenerationStatus generations;
  std::optional<BootTime> trial_deadline;      // of a trial that runs
  std::vector<trial::ProbeResult> probes;      // of the trial that runs, or ran last in this process
  bool ready = false, managed = false, enforces = false;
  bool held_here = false, held_by_guard = false;
  std::size_t wanted = 0, observed = 0, contested = 0;
  std::map<routes::RouteState, std::size_t> by_state;  // of wanted routes
  std::map<DriftKind, std::size_t> drift;              // as of the last report
  std::vector<session::RouteObjectState> not_in_sync;  // the first hundred
  SessionState session = SessionState::kDown;
  std::string session_reason;
  WallTime session_since{};
  std::optional<BootTime> last_read;
  std::uint64_t rounds = 0;
  std::string observer_error, storage_error, guard_problem, safe_mode;
  EventSequence next_event, oldest_event;
};

// Thread: one. Deterministic: the same events give the same effects.
// Start: Booted -> first whole read -> what a crash interrupted is ended -> confirmed intent is enforced with what
// exists -> AnnounceReady -> the collector is dialled.
class AgentCore {
 public:
  explicit AgentCore(CoreOptions options);

  Effects step(Event event);
  BootTime wake_at() const;  // a TimerFired is due then; BootTime::max() = none
  CoreStatus status() const;

 private:
  enum class Stage : std::uint8_t { kStarting, kRecovering, kEnforcing, kRunning };

  void on(const Booted& booted, Turn& turn);
  void on(const RoutesTouched& touched, Turn& turn);
  void on(const KernelNotice& notice, Turn& turn);
  void on(const RoutesRead& read, Turn& turn);
  void on(const RoutesApplied& applied, Turn& turn);
  void on(const Persisted& persisted, Turn& turn);
  void on(const PreflightDone& done, Turn& turn);
  void on(const ProbesDone& done, Turn& turn);
  void on(const ContactMade& made, Turn& turn);
  void on(const UndoArmed& armed, Turn& turn);
  void on(const SpoolTrimmed& trimmed, Turn& turn);
  void on(const EventsSent& sent, Turn& turn);
  void on(const ReportEncoded& encoded, Turn& turn);
  void on(const SessionOpened& opened, Turn& turn);
  void on(const SessionReceived& received, Turn& turn);
  void on(const SessionClosed& closed, Turn& turn);
  void on(const CollectorResolved& resolved, Turn& turn);
  void on(const GuardLoaded& loaded, Turn& turn);
  void on(const SafeModeSet& safe_mode, Turn& turn);
  void on(const LocalRequest& request, Turn& turn);
  void on(const TimerFired&, Turn& turn);

  void settle(Turn& turn);  // after every event: what can go on now, goes on
  void settle_start(Turn& turn);
  void first_read(Turn& turn);
  void read_failed(const Error& error, Turn& turn);
  void read_soon(Turn& turn);
  void retry_waiting_soon(Turn& turn);
  void change_hold(bool here, Turn& turn);
  void ask_hold(std::uint64_t request, bool here, Turn& turn);
  void withdraw(const LocalRequest& request, Turn& turn);
  bool can_publish() const { return book_.has_read() && is_settled() && !repairs_.busy(); }
  void publish_if_due(Turn& turn);
  void mark_dirty(Milliseconds within, Turn& turn);
  void tell_untold(Turn& turn);
  bool working() const { return generation_.busy() || withdrawal_.busy(); }
  // The routes are those of one generation, and will be when the collector hears of them.
  bool is_settled() const { return !working() && !generation_.is_in_hand(); }
  session::ObserverProgress progress(BootTime now) const;

  CoreOptions options_;
  EventLog log_;
  RouteBook book_;
  RouteRepairs repairs_;
  RouteWatch watch_;
  GenerationApply generation_;
  Withdrawal withdrawal_;
  SessionKeeper session_;

  Stage stage_ = Stage::kStarting;
  Milliseconds read_gap_{50};
  bool read_is_asked_ = false;
  bool ledger_unknown_ = false, held_here_ = false, links_changed_ = false, fresh_read_ = false;
  BootTime last_read_{}, next_sweep_ = BootTime::max(), publish_at_ = BootTime::max(), next_publish_{};
  BootTime retry_waiting_at_ = BootTime::max(), last_waiting_retry_{}, last_overrun_told_{}, last_untold_told_{};
  std::uint64_t rounds_ = 0;
  std::string observer_error_, storage_error_;
  std::map<DriftKind, std::size_t> drift_;
  std::deque<std::pair<std::uint64_t, bool>> hold_requests_;  // id (0 = nobody asked), wanted value: each is answered when durable
};

}  // namespace ondol::agent
