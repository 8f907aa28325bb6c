// CollectorCore: what a welcomed agent says. See collector_core.h.
#include <fmt/format.h>

#include <algorithm>

#include "collector/core/collector_core.h"
#include "common/base/overload.h"

namespace ondol::collector {

bool CollectorCore::is_settled(const HostState& state) const {
  return state.desired.generation.value != 0 && state.status.running == state.desired.generation;
}

HostWrites::Status CollectorCore::status_of(const HostState& state) const {
  HostWrites::Status status{state.status, state.last_seen, state.agent_version, state.boot_id, std::nullopt};
  if (state.last_result) status.last_result = *state.last_result;
  return status;
}

// ---- liveness and digests ----

void CollectorCore::on_heartbeat(const HostId& host, HostState& state, const session::Heartbeat& heartbeat) {
  Live& live = *state.live;
  state.clock_offset = heartbeat.sent - now_.wall;
  for (const session::ObserverProgress& observer : heartbeat.observers) {
    live.observation_error = observer.error;
    if (observer.rounds != live.rounds) {
      live.rounds = observer.rounds;
      live.progressed = now_.boot;
    }
    if (!observer.digest) continue;
    // Told twice and still not here: the value was lost on the way, or the agent thinks we have it.
    const bool here = state.value_on_its_way == observer.digest || (state.value && state.value->digest == *observer.digest);
    if (!here && live.told == observer.digest) effects_.push_back(Send{live.stream, session::ValueRequest{observer.type}});
    live.told = observer.digest;
    // What is stored is what the host sees now, and not only what it saw before an apply.
    const bool current = observer.error.empty() && state.value && state.value->digest == *observer.digest;
    if (!current || state.value_on_its_way || !state.compare_at || now_.boot < *state.compare_at) continue;
    state.compare_at.reset();
    effects_.push_back(LoadValue{host});
  }
}

// ---- values ----

void CollectorCore::on_value(const HostId& host, HostState& state, session::ValueReport& report,
                             const DesiredPtr& desired) {
  state.routes = report.routes.snapshot.compared;
  state.live->observation_error.clear();
  const bool stored = state.value && state.value->digest == report.digest && !state.value_on_its_way;
  HostWrites writes;
  compare(state, report.routes, desired, writes);
  if (stored) {
    effects_.push_back(Send{state.live->stream, session::ValueAck{session::ResourceType::kRoutes, report.digest}});
  } else {
    state.value_on_its_way = report.digest;
    writes.value = HostWrites::Value{report.digest, std::move(report.payload), now_.wall, state.live->session};
  }
  queue(host, state, std::move(writes));
}

void CollectorCore::on(ValueLoaded& loaded) {
  HostState& state = state_of(loaded.host);
  if (!loaded.routes || !state.live) return;
  if (!state.live->observation_error.empty()) return;  // unknown neither opens nor closes
  state.routes = loaded.routes->snapshot.compared;
  HostWrites writes;
  compare(state, *loaded.routes, loaded.desired, writes);
  queue(loaded.host, state, std::move(writes));
}

void CollectorCore::compare(HostState& state, const session::RoutesReport& report, const DesiredPtr& desired,
                            HostWrites& writes) {
  const bool current = desired && desired->generation == state.desired.generation;
  Comparison with;
  with.desired = desired && desired->routes ? &*desired->routes : nullptr;
  with.observed = &report;
  with.settled = current && is_settled(state);
  with.intent_changed = with.settled && state.compared != state.desired.generation;
  if (with.settled) {
    state.compared = state.desired.generation;
    state.compare_at.reset();
  }
  keep(state, state.drift.compare(with, now_.wall, next_drift_), writes);
}

void CollectorCore::keep(HostState& state, DriftOutcomes outcomes, HostWrites& writes) {
  counters_.opened.missing += outcomes.opened.missing;
  counters_.opened.extra += outcomes.opened.extra;
  counters_.opened.changed += outcomes.opened.changed;
  if (outcomes.look_again) state.compare_at = now_.boot + kStaleWindow;
  if (outcomes.touched.empty()) return;
  const std::uint32_t contested = state.counts.contested;
  state.counts = state.drift.counts();
  if (state.counts.contested > contested) {
    const auto& drift = outcomes.touched.back();
    tell(Notice::kContested, drift.host, session::render(drift));
  }
  HostWrites more;
  more.drifts = std::move(outcomes.touched);
  merge(writes, std::move(more));
}

// ---- events: numbered, taken once, acknowledged when durable ----

void CollectorCore::on_events(const HostId& host, HostState& state, session::EventBatch& batch,
                              const DesiredPtr& desired) {
  if (state.pending && state.pending->next.events.size() >= kMaxEventsWaiting) {
    state.live->events_dropped = true;
    return;
  }
  HostWrites writes;
  const bool known = state.accepted.value != 0;
  const std::uint64_t expected = state.accepted.value + 1;
  const std::uint64_t gap = known && batch.first.value > expected ? batch.first.value - expected : 0;
  const bool fresh = !batch.events.empty() && batch.events.back().sequence > state.accepted;
  if (fresh) writes.lost = std::max(gap, batch.first.value >= expected ? batch.lost : 0);
  if (writes.lost != 0) {
    counters_.events_lost += writes.lost;
    tell(Notice::kEventsLost, host, fmt::format("{} events before number {} were lost on the host", writes.lost,
                                                batch.first.value));
  }
  for (session::HostEvent& event : batch.events) take_event(host, state, event, desired, writes);
  if (!fresh && state.durable == state.accepted) {
    effects_.push_back(Send{state.live->stream, session::EventAck{state.durable}});
  }
  queue(host, state, std::move(writes));
}

void CollectorCore::take_event(const HostId& host, HostState& state, session::HostEvent& event,
                               const DesiredPtr& desired, HostWrites& writes) {
  if (event.sequence <= state.accepted) return;  // replayed
  state.accepted = event.sequence;
  ++counters_.events;
  if (const auto* repair = std::get_if<session::RouteRepair>(&event.what)) ++counters_.repairs[repair->outcome];
  if (const auto* result = std::get_if<session::GenerationResult>(&event.what)) note_result(host, state, *result, writes);
  Judgement against;
  against.desired = desired && desired->routes ? &*desired->routes : nullptr;
  against.settled = desired && desired->generation == state.desired.generation && is_settled(state);
  DriftOutcomes outcomes = state.drift.note(event, against, now_.wall, next_drift_);
  // The value that shows its end may be here already, or be the one that was stored before it began.
  const bool lasts = std::any_of(outcomes.touched.begin(), outcomes.touched.end(), [](const auto& d) { return !d.closed; });
  if (lasts) state.compare_at = now_.boot + kSettleTime;
  keep(state, std::move(outcomes), writes);
  writes.events.push_back({std::move(event), now_.wall});
}

void CollectorCore::note_result(const HostId& host, HostState& state, const session::GenerationResult& result,
                                HostWrites& writes) {
  ++counters_.generations[result.outcome];
  state.last_result = std::make_unique<session::GenerationResult>(result);
  writes.status = status_of(state);
  note_trial(host, state, result);
  if (result.outcome == session::GenerationOutcome::kRefused) {
    tell(Notice::kGenerationRefused, host, session::render(session::HostEvent{{}, {}, result}));
  }
}

// ---- the numbers ----

void CollectorCore::on_status(const HostId& host, HostState& state, const session::GenerationStatus& status) {
  if (state.status == status) return;
  const bool was_settled = is_settled(state);
  state.status = status;
  note_trial(state, status);
  if (!was_settled && is_settled(state) && state.compared != state.desired.generation) {
    state.compare_at = now_.boot;  // unless a value comes first
  }
  if (status.received >= state.desired.generation) offers_out_.erase(host);
  HostWrites writes;
  writes.status = status_of(state);
  queue(host, state, std::move(writes));
  send_offers();
}

}  // namespace ondol::collector
