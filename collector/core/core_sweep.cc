// CollectorCore: what time does to hosts. Ten ticks a second; every host is looked at once a second.
#include <fmt/format.h>

#include <algorithm>

#include "collector/core/collector_core.h"

namespace ondol::collector {
namespace {

constexpr Seconds kSweepInterval{1};
constexpr std::uint64_t kForgetEvery = 60;  // sweeps
constexpr Milliseconds kLeastStuckTime{30'000};  // an observer completes a round every few seconds
constexpr int kMissedHeartbeats = 3;
constexpr Seconds kTurnedAwayStays{180};  // an agent that is refused again and again dials once a minute at least

}  // namespace

void CollectorCore::on(Tick&) {
  if (now_.boot - swept_ < kSweepInterval) return;
  swept_ = now_.boot;
  sweep();
}

void CollectorCore::sweep() {
  ++sweeps_;
  for (auto& [host, state] : hosts_) {
    state.live ? sweep_live(host, state) : sweep_silent(host, state);
    if (sweeps_ % kForgetEvery == 0 && !state.drift.empty()) state.drift.forget(now_.wall);
  }
  for (const auto& [host, rival] : challengers_) {
    if (now_.boot < rival.deadline) continue;
    const HostState& state = state_of(host);
    if (state.live) close(state.live->stream, "no sign of life while another stream of this host waits", Seconds{1});
  }
  std::erase_if(offers_out_, [this](const auto& out) { return now_.boot - out.second > kOfferPatience; });
  send_offers();
  if (!store_error_.empty() && now_.boot - probed_ >= kSweepInterval) {
    probed_ = now_.boot;
    const auto waits = std::find_if(hosts_.begin(), hosts_.end(), [](const auto& h) {
      return h.second.pending && h.second.pending->failed;
    });
    if (waits != hosts_.end()) {
      waits->second.pending->failed = false;
      dirty_.insert(waits->first);
    }
  }
  recount();
}

void CollectorCore::sweep_live(const HostId& host, HostState& state) {
  if (state.revoked) return close_all_of(host, "certificate revoked");
  const auto quiet = now_.boot - state.live->last_heard;
  if (quiet > kMissedHeartbeats * options_.heartbeat) {
    set_liveness(host, state, Liveness::kSilent, "no_heartbeat");
    close(state.live->stream, fmt::format("no heartbeat for {} s", std::chrono::floor<Seconds>(quiet).count()), Seconds{1});
    return;
  }
  const auto patience = std::max<Nanoseconds>(kMissedHeartbeats * options_.heartbeat, kLeastStuckTime);
  const bool stuck = now_.boot - state.live->progressed > patience;
  stuck ? set_liveness(host, state, Liveness::kStuck, "routes observer makes no progress")
        : set_liveness(host, state, Liveness::kOnline, "");
  const bool unheard = state.live->offered && state.status.received < state.desired.generation;
  if (unheard && now_.boot - *state.live->offered >= kOfferAgain) want_offer(host);
}

void CollectorCore::sweep_silent(const HostId& host, HostState& state) {
  if (state.trial && state.trial->deadline <= now_.wall) state.trial->running = false;  // how it ended, nobody told yet
  const bool is_refused = state.silence_reason == "tls_refused";
  if (state.liveness != Liveness::kSilent || (!is_refused && state.silence_reason != "stream_closed")) return;
  if (is_refused && now_.boot - state.turned_away_at <= kTurnedAwayStays) return;
  if (now_.boot - state.closed_at <= kMissedHeartbeats * options_.heartbeat) return;
  set_liveness(host, state, Liveness::kSilent, "no_tcp");
}

void CollectorCore::on(TurnedAway& turned) {
  const auto found = hosts_.find(turned.host);
  if (found == hosts_.end()) return;
  HostState& state = found->second;
  if (state.live || state.liveness != Liveness::kSilent || state.silence_reason == "revoked") return;
  state.turned_away_at = now_.boot;
  set_liveness(turned.host, state, Liveness::kSilent, "tls_refused");
}

void CollectorCore::set_liveness(const HostId& host, HostState& state, Liveness liveness, std::string_view reason) {
  if (state.liveness == liveness && state.silence_reason == reason) return;
  const bool worse = state.liveness == Liveness::kOnline || state.liveness == Liveness::kStuck;
  if (liveness == Liveness::kStuck) tell(Notice::kHostStuck, host, std::string(reason));
  if (liveness == Liveness::kSilent && worse) tell(Notice::kHostSilent, host, std::string(reason));
  state.liveness = liveness;
  state.silence_reason = reason;
}

void CollectorCore::recount() {
  CoreStats stats;
  for (const auto& [host, state] : hosts_) {
    if (!state.record) continue;
    ++stats.hosts[state.liveness];
    if (state.liveness == Liveness::kSilent) ++stats.silence[state.silence_reason];
    if (state.trial && state.trial->running) ++stats.trials;
    if (state.live && state.counts == DriftCounts{}) continue;
    stats.drift.missing += state.counts.missing;
    stats.drift.extra += state.counts.extra;
    stats.drift.changed += state.counts.changed;
    stats.drift.contested += state.counts.contested;
    const bool unseen = state.liveness != Liveness::kNeverEnrolled && state.last_seen != WallTime{} && !state.live;
    if (unseen && (stats.oldest_unseen_at == WallTime{} || state.last_seen < stats.oldest_unseen_at)) {
      stats.oldest_unseen = host;
      stats.oldest_unseen_at = state.last_seen;
    }
  }
  stats_ = std::move(stats);
}

}  // namespace ondol::collector
