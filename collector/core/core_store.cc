// CollectorCore: nothing is acknowledged, published or offered before it is durable. See collector_core.h.
#include <fmt/format.h>

#include <unordered_map>

#include "collector/core/collector_core.h"

namespace ondol::collector {
namespace {

// True when the same write may succeed later.
bool is_passing(Errc code) {
  switch (code) {
    case Errc::kIo:
    case Errc::kUnavailable:
    case Errc::kLimit:
    case Errc::kInterrupted: return true;
    case Errc::kInvalidInput:
    case Errc::kNotFound:
    case Errc::kAlreadyExists:
    case Errc::kConflict:
    case Errc::kRefused:
    case Errc::kCorrupt:
    case Errc::kUnsupported: return false;
  }
  return false;
}

void merge_drifts(std::vector<session::DriftRecord>& older, std::vector<session::DriftRecord> newer) {
  if (older.empty()) {
    older = std::move(newer);
    return;
  }
  std::unordered_map<DriftId, std::size_t> places;
  for (std::size_t i = 0; i < older.size(); ++i) places[older[i].id] = i;
  for (auto& drift : newer) {
    const auto [place, fresh] = places.try_emplace(drift.id, older.size());
    if (fresh) {
      older.push_back(std::move(drift));
    } else {
      older[place->second] = std::move(drift);
    }
  }
}

}  // namespace

void merge(HostWrites& older, HostWrites newer) {
  if (newer.value) older.value = std::move(newer.value);
  if (newer.status) older.status = std::move(newer.status);
  older.lost += newer.lost;
  std::move(newer.events.begin(), newer.events.end(), std::back_inserter(older.events));
  std::move(newer.audits.begin(), newer.audits.end(), std::back_inserter(older.audits));
  merge_drifts(older.drifts, std::move(newer.drifts));
}

void CollectorCore::queue(const HostId& host, HostState& state, HostWrites writes) {
  if (writes.empty()) return;
  if (!state.pending) state.pending = std::make_unique<PendingWrites>();
  merge(state.pending->next, std::move(writes));
  dirty_.insert(host);
}

void CollectorCore::flush(const HostId& host, HostState& state) {
  if (!state.pending || state.pending->token || state.pending->failed) return;
  if (state.pending->next.empty()) {
    state.pending.reset();
    return;
  }
  PendingWrites& pending = *state.pending;
  ++last_token_.value;
  pending.token = last_token_;
  pending.in_flight = std::make_shared<const HostWrites>(std::exchange(pending.next, {}));
  tokens_[last_token_] = host;
  effects_.push_back(Persist{last_token_, host, pending.in_flight});
}

void CollectorCore::on(StoreDone& done) {
  const auto found = tokens_.find(done.token);
  if (found == tokens_.end()) return;
  const HostId host = found->second;
  tokens_.erase(found);
  HostState& state = state_of(host);
  state.pending->token.reset();
  if (done.error) {
    is_passing(done.error->code) ? write_failed(host, state, *done.error) : write_refused(host, state, *done.error);
    return;
  }
  const auto durable = std::exchange(state.pending->in_flight, nullptr);
  acknowledge(state, *durable);
  dirty_.insert(host);
  if (!store_error_.empty()) store_answers();
}

void CollectorCore::acknowledge(HostState& state, const HostWrites& durable) {
  if (durable.value) {
    state.value = ValueHead{durable.value->digest, durable.value->received, durable.value->session};
    if (state.value_on_its_way == durable.value->digest) state.value_on_its_way.reset();
    if (state.live) {
      effects_.push_back(Send{state.live->stream, session::ValueAck{session::ResourceType::kRoutes, durable.value->digest}});
    }
  }
  state.lost += durable.lost;
  if (!durable.events.empty()) {
    state.durable = durable.events.back().event.sequence;
    if (state.live) effects_.push_back(Send{state.live->stream, session::EventAck{state.durable}});
  }
  for (const auto& drift : durable.drifts) effects_.push_back(Publish{drift});
  if (state.live && state.live->events_dropped && state.accepted == state.durable) {
    close(state.live->stream, "events were not taken while the store failed: send them again", Seconds{1});
  }
  if (state.pending->next.empty()) state.pending.reset();
}

// Kept, older under newer, until the store answers; nothing of it is acknowledged.
void CollectorCore::write_failed(const HostId& host, HostState& state, const Error& error) {
  HostWrites older = *state.pending->in_flight;
  state.pending->in_flight.reset();
  merge(older, std::exchange(state.pending->next, {}));
  state.pending->next = std::move(older);
  state.pending->failed = true;
  if (store_error_.empty()) {
    probed_ = now_.boot;
    tell(Notice::kStoreFailed, host, ondol::render(error));
  }
  store_error_ = ondol::render(error);
}

// A write that can never succeed: said, dropped, and the agent starts again from what is durable.
void CollectorCore::write_refused(const HostId& host, HostState& state, const Error& error) {
  tell(Notice::kWriteRefused, host, ondol::render(error));
  state.pending.reset();
  state.value_on_its_way.reset();
  state.accepted = state.durable;
  if (state.live) close(state.live->stream, "the store refused what you sent: " + error.message, Seconds{60});
}

void CollectorCore::store_answers() {
  store_error_.clear();
  tell(Notice::kStoreHealed, HostId{}, "the store takes writes again; what waited is written now");
  for (auto& [host, state] : hosts_) {
    if (!state.pending || !state.pending->failed) continue;
    state.pending->failed = false;
    dirty_.insert(host);
  }
}

}  // namespace ondol::collector
