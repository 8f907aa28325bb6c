#include "collector/core/collector_core.h"

#include <fmt/format.h>

#include <algorithm>

namespace ondol::collector {

std::string_view to_string(Liveness liveness) {
  switch (liveness) {
    case Liveness::kNeverEnrolled: return "never_enrolled";
    case Liveness::kOnline: return "online";
    case Liveness::kStuck: return "stuck";
    case Liveness::kSilent: return "silent";
    case Liveness::kUnknownSinceRestart: return "unknown_since_restart";
  }
  return "unknown";
}

Effects CollectorCore::step(Event event, Now now) {
  now_ = now;
  effects_.clear();
  std::visit([this](auto& e) { on(e); }, event);
  for (const HostId& host : std::exchange(dirty_, {})) flush(host, state_of(host));
  return std::move(effects_);
}

HostState& CollectorCore::state_of(const HostId& host) { return hosts_.try_emplace(host, host).first->second; }

const HostState* CollectorCore::find_host(const HostId& host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? nullptr : &found->second;
}

std::optional<HostId> CollectorCore::host_of(StreamId stream) const {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return std::nullopt;
  return found->second.host;
}

void CollectorCore::tell(Notice notice, const HostId& host, std::string text) {
  effects_.push_back(Tell{notice, host.value, std::move(text)});
}

void CollectorCore::on(Loaded& loaded) {
  for (auto& record : loaded.records) {
    const HostId name = record.name;
    state_of(name).record = std::move(record);
  }
  for (auto& head : loaded.desired) {
    const HostId host = head.host;
    state_of(host).desired = std::move(head);
  }
  for (const auto& row : loaded.observed) state_of(row.host).value = ValueHead{row.digest, row.received, row.session};
  for (const auto& row : loaded.positions) {
    HostState& state = state_of(row.host);
    state.durable = state.accepted = row.durable;
    state.lost = row.lost;
  }
  for (const auto& drift : loaded.open_drift) state_of(drift.host).drift.load(drift);
  for (auto& status : loaded.statuses) {
    HostState& state = state_of(status.row.host);
    state.status = std::move(status.row.status);
    state.last_seen = status.row.last_seen;
    state.agent_version = std::move(status.row.agent_version);
    state.boot_id = std::move(status.row.boot_id);
    state.liveness = Liveness::kUnknownSinceRestart;
    if (status.last_result) {
      state.last_result = std::make_unique<session::GenerationResult>(std::move(*status.last_result));
      const bool was_tried = state.last_result->outcome == session::GenerationOutcome::kTrial;
      if (was_tried) note_trial(status.row.host, state, *state.last_result);
    }
  }
  for (auto& row : loaded.certificates) {
    CertificateIssued issued{std::move(row)};
    on(issued);
  }
  next_drift_ = DriftId{loaded.highest_drift.value + 1};
  for (auto& [host, state] : hosts_) state.counts = state.drift.counts();
  recount();
}

void CollectorCore::on(RecordsChanged& changed) {
  for (auto& record : changed.records) {
    const HostId name = record.name;
    state_of(name).record = std::move(record);
  }
}

void CollectorCore::on(RevisionCommitted& committed) {
  for (auto& head : committed.desired) {
    const HostId host = head.host;
    HostState& state = state_of(host);
    if (head.generation <= state.desired.generation) continue;
    state.desired = std::move(head);
    if (state.live) want_offer(host);
  }
  send_offers();
}

// Also at start: then rows may be revoked. Revoked stays said until a newer certificate exists.
void CollectorCore::on(CertificateIssued& issued) {
  const store::CertificateRow& row = issued.row;
  HostState& state = state_of(row.host);
  if (row.not_after >= state.certificate_not_after) {
    state.certificate_not_after = row.not_after;
    state.revoked = row.revoked;
  }
  if (state.liveness == Liveness::kNeverEnrolled) {
    set_liveness(row.host, state, Liveness::kSilent, "no_tcp");
  }
  std::erase_if(state.certificates, [this](const KnownCertificate& c) { return c.not_after < now_.wall; });
  if (row.not_after >= now_.wall) state.certificates.push_back({row.serial, row.not_after, row.revoked});
}

void CollectorCore::on(HostRevoked& revoked) {
  HostState& state = state_of(revoked.host);
  for (auto& certificate : state.certificates) certificate.revoked = true;
  state.revoked = true;
  close_all_of(revoked.host, "certificate revoked");
  if (!state.live && state.liveness != Liveness::kNeverEnrolled) {
    set_liveness(revoked.host, state, Liveness::kSilent, "revoked");
  }
}

void CollectorCore::on(Stopping&) {
  stopping_ = true;  // streams that end now say nothing about their hosts
  for (auto& [host, state] : hosts_) {
    if (!state.live) continue;
    HostWrites writes;
    writes.status = status_of(state);
    queue(host, state, std::move(writes));
  }
}

// ---- offers: paced, so that a revision for every host never fills the memory with snapshots ----

bool CollectorCore::needs_offer(const HostState& state) const {
  const Generation offered = state.desired.generation;
  // What a host undid it does not take again; it is offered the next one.
  const bool undone = state.last_result && state.last_result->generation == offered && state.status.received == offered &&
                      state.last_result->outcome == session::GenerationOutcome::kRolledBack;
  return !undone && state.live && offered.value != 0 && (state.status.received != offered || state.status.applied != offered);
}

void CollectorCore::want_offer(const HostId& host) {
  if (std::find(offers_due_.begin(), offers_due_.end(), host) == offers_due_.end()) offers_due_.push_back(host);
}

void CollectorCore::send_offers() {
  while (!offers_due_.empty() && offers_out_.size() < kMaxOffersOut) {
    const HostId host = std::move(offers_due_.front());
    offers_due_.pop_front();
    HostState& state = state_of(host);
    if (!needs_offer(state)) continue;
    effects_.push_back(SendOffer{state.live->stream, host, state.desired.generation});
    offers_out_[host] = now_.boot;
    state.live->offered = now_.boot;
    ++counters_.offers;
  }
}

}  // namespace ondol::collector
