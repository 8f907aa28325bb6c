// CollectorCore: who may speak for a host, and who may not. See collector_core.h.
#include <fmt/format.h>

#include <algorithm>

#include "collector/core/collector_core.h"
#include "common/base/overload.h"

namespace ondol::collector {
namespace {

constexpr Milliseconds kRefusedPause{60'000};
constexpr Milliseconds kSoon{1'000};

}  // namespace

std::string CollectorCore::refusal(const Stream& stream) const {
  const HostState* state = find_host(stream.host);
  if (state == nullptr || !state->record) {
    return fmt::format("no record for host {}: import it with `ondolctl cmdb import`", stream.host.value);
  }
  const auto& list = state->certificates;
  const auto known = std::find_if(list.begin(), list.end(), [&](const auto& c) { return c.serial == stream.serial; });
  if (known == list.end()) return state->revoked ? "certificate revoked" : "certificate unknown to this collector";
  return known->revoked ? "certificate revoked" : "";
}

void CollectorCore::on(StreamOpened& opened) {
  Stream& stream = streams_[opened.stream];
  stream.host = std::move(opened.host);
  stream.serial = std::move(opened.serial);
  stream.peer = std::move(opened.peer);
  stream.session = std::move(opened.session);
  if (const std::string reason = refusal(stream); !reason.empty()) refuse_identity(opened.stream, stream, reason);
}

void CollectorCore::refuse_identity(StreamId id, Stream& stream, const std::string& reason) {
  ++counters_.identities_refused;
  tell(Notice::kIdentityRefused, stream.host, fmt::format("refused from {}: {}", stream.peer, reason));
  close(id, reason, kRefusedPause);
}

void CollectorCore::close(StreamId id, const std::string& reason, Milliseconds retry_after) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || found->second.closing) return;
  found->second.closing = true;
  effects_.push_back(Close{id, reason, retry_after});
}

void CollectorCore::close_all_of(const HostId& host, const std::string& reason) {
  for (auto& [id, stream] : streams_) {
    if (stream.host == host) close(id, reason, kRefusedPause);
  }
}

void CollectorCore::on(MessageIn& in) {
  const auto found = streams_.find(in.stream);
  if (found == streams_.end() || found->second.closing) return;
  Stream& stream = found->second;
  if (const auto* hello = std::get_if<session::Hello>(&in.message)) return meet(in.stream, stream, *hello);
  if (auto* contact = std::get_if<session::Contact>(&in.message)) return on_contact(in.stream, stream, *contact);

  const HostId& host = stream.host;
  if (stream.state == nullptr || !stream.state->live || stream.state->live->stream != in.stream) return;  // a challenger
  HostState& state = *stream.state;
  state.live->last_heard = now_.boot;
  state.last_seen = now_.wall;
  const auto rival = challengers_.empty() ? challengers_.end() : challengers_.find(host);
  if (rival != challengers_.end()) {
    refuse_clone(host, rival->second.stream, rival->second.hello.instance_id);
    challengers_.erase(rival);
  }
  std::visit(Overload{[](session::Hello&) {}, [&](session::Heartbeat& m) { on_heartbeat(host, state, m); },
                      [&](session::ValueReport& m) { on_value(host, state, m, in.desired); },
                      [&](session::EventBatch& m) { on_events(host, state, m, in.desired); },
                      [&](session::GenerationStatus& m) { on_status(host, state, m); },
                      [](session::Contact&) {}},
             in.message);
}

// A second live stream with another instance is either the same host after a crash that nobody told us of, or a clone.
// The older stream is asked for a sign of life; the newer one waits for the answer.
void CollectorCore::meet(StreamId id, Stream& stream, const session::Hello& hello) {
  if (hello.protocol_version != session::kProtocolVersion) {
    return close(id, fmt::format("protocol version {} is not spoken here, {} is", hello.protocol_version,
                                 session::kProtocolVersion), kRefusedPause);
  }
  if (const std::string reason = refusal(stream); !reason.empty()) return refuse_identity(id, stream, reason);
  const HostState& state = state_of(stream.host);
  if (!state.live || state.live->stream == id) {
    if (state.live) return close(id, "a second hello on one stream", kSoon);
    return admit(id, stream, hello);
  }
  if (state.live->instance_id == hello.instance_id) {
    close(state.live->stream, "replaced by a newer stream of the same agent", kSoon);
    return admit(id, stream, hello);
  }
  if (challengers_.contains(stream.host)) return refuse_clone(stream.host, id, hello.instance_id);
  challengers_[stream.host] = {id, hello, now_.boot + kChallengeTime};
  effects_.push_back(Send{state.live->stream, session::ValueRequest{}});
}

void CollectorCore::refuse_clone(const HostId& host, StreamId id, const std::string& instance) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const HostState& state = state_of(host);
  const std::string text =
      fmt::format("another agent with this identity is connected: instance {} from {} refused, instance {} kept",
                  escaped(instance), found->second.peer, state.live ? escaped(state.live->instance_id) : "none");
  ++counters_.clones_refused;
  tell(Notice::kCloneRefused, host, text);
  HostWrites writes;
  writes.audits.push_back({now_.wall, "collector", "clone.refuse", host.value, text});
  queue(host, state_of(host), std::move(writes));
  close(id, "another agent with this identity is connected", kRefusedPause);
}

void CollectorCore::admit(StreamId id, Stream& stream, const session::Hello& hello) {
  const HostId host = stream.host;
  HostState& state = state_of(host);
  stream.state = &state;
  state.live = std::make_unique<Live>();
  state.live->stream = id;
  state.live->session = stream.session;
  state.live->instance_id = hello.instance_id;
  state.live->last_heard = state.live->progressed = now_.boot;
  state.session_peer = stream.peer;
  state.status = hello.status;
  note_trial(state, hello.status);
  state.agent_version = hello.agent_version;
  if (!state.boot_id.empty() && state.boot_id != hello.boot_id) {
    const auto silent = std::chrono::floor<Seconds>(now_.wall - state.last_seen).count();
    tell(Notice::kHostRebooted, host, fmt::format("rebooted; nothing was heard of it for {} s", silent));
  }
  state.boot_id = hello.boot_id;
  state.last_seen = now_.wall;
  state.clock_offset = hello.sent - now_.wall;
  set_liveness(host, state, Liveness::kOnline, "");
  welcome(host, state, hello);
}

void CollectorCore::welcome(const HostId& host, HostState& state, const session::Hello& hello) {
  session::Welcome welcome;
  welcome.session = state.live->session;
  welcome.durable_event = state.durable;
  if (state.value) welcome.held.push_back({session::ResourceType::kRoutes, state.value->digest});
  welcome.heartbeat_interval = options_.heartbeat;
  welcome.offered = state.desired.generation;
  welcome.collector_version = options_.version;
  effects_.push_back(Send{state.live->stream, std::move(welcome)});

  if (hello.next_event <= state.durable) {
    tell(Notice::kEventsRenumbered, host,
         fmt::format("its next event is {}, but {} are stored: its state directory is new or old",
                     hello.next_event.value, state.durable.value));
  }
  if (is_settled(state) && state.value && state.compared != state.desired.generation) {
    const Digest spread = digest_of(host.value);
    const auto wait = Milliseconds{((spread.bytes[0] << 16) + (spread.bytes[1] << 8) + spread.bytes[2]) % Milliseconds{kCompareSpread}.count()};
    state.compare_at = now_.boot + kSettleTime + wait;
  }
  HostWrites writes;
  writes.status = status_of(state);
  queue(host, state, std::move(writes));
  if (needs_offer(state)) want_offer(host);
  send_offers();
}

void CollectorCore::on(StreamClosed& closed) {
  const auto found = streams_.find(closed.stream);
  if (found == streams_.end()) return;
  const HostId host = found->second.host;
  streams_.erase(found);
  if (stopping_) return;
  const auto rival = challengers_.find(host);
  if (rival != challengers_.end() && rival->second.stream == closed.stream) {
    challengers_.erase(rival);
    return;
  }
  HostState& state = state_of(host);
  if (!state.live || state.live->stream != closed.stream) return;
  const bool quiet = state.silence_reason == "no_heartbeat";
  state.live.reset();
  state.closed_at = now_.boot;
  offers_out_.erase(host);
  set_liveness(host, state, Liveness::kSilent, state.revoked ? "revoked" : quiet ? "no_heartbeat" : "stream_closed");
  HostWrites writes;
  writes.status = status_of(state);
  queue(host, state, std::move(writes));
  if (rival == challengers_.end()) return;
  const Challenger next = std::move(rival->second);
  challengers_.erase(rival);
  if (const auto stream = streams_.find(next.stream); stream != streams_.end() && !stream->second.closing) {
    admit(next.stream, stream->second, next.hello);
  }
}

}  // namespace ondol::collector
