// The parts of AgentCore that start it and that show it.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/core/agent_core.h"

namespace ondol::agent {
namespace {

constexpr std::size_t kMaxShown = 100;
constexpr Seconds kToldGap{10};
// A report costs about a microsecond a route; the rest after it keeps that below a twentieth of the time.
constexpr Nanoseconds kPublishRest{20'000};
constexpr Seconds kLongestRest{1};

template <typename T>
std::optional<T> known(const Result<std::optional<T>>& stored, std::string_view what, Turn& turn) {
  if (stored) return *stored;
  tell(turn, Notice::kStateUnreadable, fmt::format("{}: {}", what, render(stored.error())));
  return std::nullopt;
}

std::optional<std::vector<AppliedChange>> known_changes(const Result<std::vector<AppliedChange>>& stored, Turn& turn) {
  if (stored) return *stored;
  tell(turn, Notice::kStateUnreadable, fmt::format("recent changes: {}", render(stored.error())));
  return std::nullopt;
}

}  // namespace

void AgentCore::on(const Booted& booted, Turn& turn) {
  const StoredState& stored = booted.stored;
  log_.restore(stored.next_event, stored.oldest_event, stored.unproven_event);
  book_.confirm(known(stored.confirmed, "confirmed generation", turn));
  auto ledger = known(stored.ledger, "ledger", turn);
  ledger_unknown_ = !ledger && book_.confirmed();
  if (ledger) book_.restore_ledger(std::move(*ledger));
  generation_.restore(known(stored.highest, "highest generation", turn), known(stored.journal, "journal", turn),
                      options_.session.boot_id);
  generation_.confirmed_unreadable = !stored.confirmed;
  generation_.restore_changes(known_changes(stored.changes, turn), turn.now.boot);
  generation_.previous = known(stored.previous, "previous generation", turn);
  held_here_ = stored.held;
  repairs_.held = held_here_ || book_.guard.hold;
  turn.out.push_back(book_.read(ReadPurpose::kSweep, nullptr));
}

void AgentCore::first_read(Turn& turn) {
  if (ledger_unknown_) book_.rebuild_ledger();
  stage_ = Stage::kRecovering;
  generation_.recover(turn);
}

void AgentCore::settle_start(Turn& turn) {
  if (stage_ == Stage::kRecovering && !generation_.busy()) {
    repairs_.want_all(turn);
    stage_ = Stage::kEnforcing;
    return;
  }
  if (stage_ != Stage::kEnforcing || repairs_.busy()) return;
  stage_ = Stage::kRunning;
  const RepairFigures& round = repairs_.last_round();
  const std::string text = fmt::format("generation {}: {} routes put in place, {} wait",
                                       generation_.status(std::nullopt).running.value, round.enforced,
                                       book_.in_state(routes::RouteState::kWaiting).size());
  log_.append(session::ObserverNotice{session::ResourceType::kRoutes, "agent_restarted", text}, turn);
  turn.out.push_back(AnnounceReady{});
  tell(turn, Notice::kReady, options_.undo_keeper ? text : text + "; no undo keeper is configured: only this agent undoes a trial");
  publish_at_ = turn.now.boot;
  if (!session_.is_started()) session_.start(turn);
}

void AgentCore::mark_dirty(Milliseconds within, Turn& turn) {
  publish_at_ = std::min(publish_at_, std::max(next_publish_, turn.now.boot + within));
}

void AgentCore::publish_if_due(Turn& turn) {
  if (publish_at_ > turn.now.boot || !can_publish()) return;
  publish_at_ = BootTime::max();
  next_publish_ = turn.now.boot + std::min<Nanoseconds>(kPublishRest * static_cast<long>(book_.table().size()), kLongestRest);
  session::RoutesReport report = book_.report();
  drift_.clear();
  if (book_.confirmed() && book_.confirmed()->routes) {
    for (const auto& difference : diff_routes(*book_.confirmed()->routes, report.snapshot)) ++drift_[difference.kind];
  }
  turn.out.push_back(EncodeReport{std::move(report)});
}

void AgentCore::tell_untold(Turn& turn) {
  if (turn.now.boot - last_untold_told_ < kToldGap) return;
  const Untold untold = log_.take_untold();
  const auto say = [&](std::uint64_t count, const char* which) {
    if (count == 0) return;
    last_untold_told_ = turn.now.boot;
    log_.append(session::ObserverNotice{session::ResourceType::kRoutes, "resync",
                                        fmt::format("{} further changes of {} routes are not told one by one", count, which)},
                turn);
  };
  say(untold.unlisted, "unlisted");
  say(untold.contested, "contested");
}

session::ObserverProgress AgentCore::progress(BootTime now) const {
  session::ObserverProgress progress;
  progress.digest = session_.newest();
  progress.rounds = rounds_;
  progress.error = !observer_error_.empty() ? observer_error_ : storage_error_;
  if (rounds_ > 0) progress.age = std::chrono::duration_cast<Milliseconds>(now - last_read_);
  return progress;
}

CoreStatus AgentCore::status() const {
  CoreStatus status;
  status.generations = generation_.status(std::nullopt);
  status.trial_deadline = generation_.trial_deadline();
  status.probes = generation_.probes();
  status.ready = stage_ == Stage::kRunning;
  status.managed = book_.confirmed() && book_.confirmed()->routes;
  status.enforces = book_.enforces();
  status.held_here = held_here_;
  status.held_by_guard = book_.guard.hold;
  status.wanted = status.managed ? book_.confirmed()->routes->routes.size() : 0;
  status.observed = book_.table().size();
  status.contested = repairs_.contested();
  status.by_state[routes::RouteState::kInSync] = status.wanted - std::min(status.wanted, book_.not_in_sync().size());
  for (const auto& [key, object] : book_.not_in_sync()) {
    ++status.by_state[object.state];
    if (status.not_in_sync.size() < kMaxShown) status.not_in_sync.push_back(object);
  }
  status.drift = drift_;
  status.session = session_.state();
  status.session_reason = session_.reason();
  status.session_since = session_.since();
  if (rounds_ > 0) status.last_read = last_read_;
  status.rounds = rounds_;
  status.observer_error = observer_error_;
  status.storage_error = storage_error_;
  status.guard_problem = book_.guard.problem;
  status.safe_mode = generation_.safe_mode();
  status.next_event = log_.next();
  status.oldest_event = log_.oldest();
  return status;
}

}  // namespace ondol::agent
