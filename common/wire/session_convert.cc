#include "common/wire/session_convert.h"

#include <algorithm>

#include "common/wire/bounds.h"
#include "common/wire/routes_wire.h"

namespace ondol::wire {
namespace {

constexpr int kMaxResourceTypes = 16;
constexpr std::uint32_t kMinHeartbeatMs = 1'000;
constexpr std::uint32_t kMaxHeartbeatMs = 3'600'000;

Result<session::ResourceType> type_from(v1::ResourceType type) {
  return closed_enum<session::ResourceType>(type, v1::ResourceType_IsValid, "resource type");
}

v1::ResourceType type_to(session::ResourceType type) { return static_cast<v1::ResourceType>(type); }

template <typename Message>
void write_held(const std::vector<session::ValueDigest>& held, Message& out) {
  for (const auto& digest : held) {
    v1::ValueDigest& added = *out.add_held();
    added.set_type(type_to(digest.type));
    added.set_digest(std::string(as_bytes(digest.digest)));
  }
}

template <typename Message>
Result<std::vector<session::ValueDigest>> read_held(const Message& message) {
  if (message.held_size() > kMaxResourceTypes) return fail(Errc::kLimit, "more than 16 value digests");
  std::vector<session::ValueDigest> out;
  for (const auto& held : message.held()) {
    const auto type = type_from(held.type());
    if (!type) return fail(type.error());
    const auto digest = digest_from_bytes(held.digest());
    if (!digest) return fail(Errc::kInvalidInput, "a value digest that is not 16 bytes");
    out.push_back({*type, *digest});
  }
  return out;
}

v1::ObserverProgress to_wire_progress(const session::ObserverProgress& progress) {
  v1::ObserverProgress out;
  out.set_type(type_to(progress.type));
  if (progress.digest) out.set_digest(std::string(as_bytes(*progress.digest)));
  out.set_rounds(progress.rounds);
  out.set_error(bounded_text(progress.error, kMaxReason));
  out.set_age_ms(static_cast<std::uint64_t>(std::max<std::int64_t>(progress.age.count(), 0)));
  return out;
}

Result<session::ObserverProgress> from_wire_progress(const v1::ObserverProgress& progress) {
  session::ObserverProgress out;
  const auto type = type_from(progress.type());
  if (!type) return fail(type.error());
  out.type = *type;
  if (!progress.digest().empty()) {
    out.digest = digest_from_bytes(progress.digest());
    if (!out.digest) return fail(Errc::kInvalidInput, "an observer's digest that is not 16 bytes");
  }
  out.rounds = progress.rounds();
  ONDOL_TRY(checked_text(progress.error(), kMaxReason, "an observer's error"));
  out.error = progress.error();
  const auto age = checked_ms(progress.age_ms(), "an observer's age");
  if (!age) return fail(age.error());
  out.age = *age;
  return out;
}

Result<void> read_names(const v1::Hello& hello, session::Hello& out) {
  if (!valid_host_name(hello.host())) return fail(Errc::kInvalidInput, "hello carries no valid host name");
  out.host = HostId{hello.host()};
  ONDOL_TRY(checked_text(hello.agent_version(), kMaxName, "the agent's version"));
  ONDOL_TRY(checked_text(hello.boot_id(), kMaxName, "the boot id"));
  ONDOL_TRY(checked_text(hello.instance_id(), kMaxName, "the instance id"));
  out.agent_version = hello.agent_version();
  out.boot_id = hello.boot_id();
  out.instance_id = hello.instance_id();
  return {};
}

}  // namespace

v1::Hello to_wire(const session::Hello& hello) {
  v1::Hello out;
  out.set_host(hello.host.value);
  out.set_protocol_version(hello.protocol_version);
  out.set_agent_version(bounded_text(hello.agent_version, kMaxName));
  out.set_boot_id(bounded_text(hello.boot_id, kMaxName));
  out.set_instance_id(bounded_text(hello.instance_id, kMaxName));
  write_held(hello.held, out);
  out.set_next_event_sequence(hello.next_event.value);
  out.set_oldest_event_sequence(hello.oldest_event.value);
  *out.mutable_status() = to_wire(hello.status);
  out.set_sent_unix_ns(unix_ns(hello.sent));
  return out;
}

Result<session::Hello> from_wire(const v1::Hello& hello) {
  session::Hello out;
  ONDOL_TRY(read_names(hello, out));
  out.protocol_version = hello.protocol_version();
  auto held = read_held(hello);
  if (!held) return fail(held.error());
  out.held = *std::move(held);
  out.next_event = EventSequence{hello.next_event_sequence()};
  out.oldest_event = EventSequence{hello.oldest_event_sequence()};
  if (out.oldest_event > out.next_event) return fail(Errc::kInvalidInput, "hello's oldest event is after its next one");
  auto status = from_wire(hello.status());
  if (!status) return fail(status.error());
  out.status = *std::move(status);
  const auto sent = checked_wall(hello.sent_unix_ns());
  if (!sent) return fail(sent.error());
  out.sent = *sent;
  return out;
}

v1::Heartbeat to_wire(const session::Heartbeat& heartbeat) {
  v1::Heartbeat out;
  out.set_sequence(heartbeat.sequence);
  for (const auto& progress : heartbeat.observers) *out.add_observers() = to_wire_progress(progress);
  out.set_sent_unix_ns(unix_ns(heartbeat.sent));
  out.set_next_event_sequence(heartbeat.next_event.value);
  return out;
}

Result<session::Heartbeat> from_wire(const v1::Heartbeat& heartbeat) {
  if (heartbeat.observers_size() > kMaxResourceTypes) return fail(Errc::kLimit, "more than 16 observers");
  session::Heartbeat out;
  out.sequence = heartbeat.sequence();
  for (const auto& wire_progress : heartbeat.observers()) {
    auto progress = from_wire_progress(wire_progress);
    if (!progress) return fail(progress.error());
    out.observers.push_back(*std::move(progress));
  }
  const auto sent = checked_wall(heartbeat.sent_unix_ns());
  if (!sent) return fail(sent.error());
  out.sent = *sent;
  out.next_event = EventSequence{heartbeat.next_event_sequence()};
  return out;
}

v1::GenerationStatus to_wire(const session::GenerationStatus& status) {
  v1::GenerationStatus out;
  out.set_type(type_to(status.type));
  out.set_received(status.received.value);
  out.set_applied(status.applied.value);
  out.set_running(status.running.value);
  out.set_blocked(bounded_text(status.blocked, kMaxReason));
  out.set_trial(status.trial.value);
  out.set_trial_left_ms(static_cast<std::uint64_t>(std::max<std::int64_t>(status.trial_left.count(), 0)));
  return out;
}

Result<session::GenerationStatus> from_wire(const v1::GenerationStatus& status) {
  const auto type = type_from(status.type());
  if (!type) return fail(type.error());
  ONDOL_TRY(checked_text(status.blocked(), kMaxReason, "a generation's block"));
  const auto left = checked_ms(status.trial_left_ms(), "a trial's time");
  if (!left) return fail(left.error());
  return session::GenerationStatus{*type, Generation{status.received()}, Generation{status.applied()},
                                   Generation{status.running()}, status.blocked(), Generation{status.trial()}, *left};
}

Result<session::EventBatch> from_wire(const v1::EventBatch& batch) {
  if (batch.events_size() > static_cast<int>(session::kMaxEventsPerBatch)) {
    return fail(Errc::kLimit, "more than 256 events in a batch");
  }
  session::EventBatch out;
  out.first = EventSequence{batch.first_sequence()};
  out.lost = batch.lost();
  for (const auto& wire_event : batch.events()) {
    auto event = from_wire(wire_event);
    if (!event) return fail(event.error());
    const bool fits = out.events.empty() ? event->sequence == out.first : event->sequence > out.events.back().sequence;
    if (!fits) return fail(Errc::kInvalidInput, "event numbers do not rise from the batch's first");
    out.events.push_back(*std::move(event));
  }
  return out;
}

v1::Welcome to_wire(const session::Welcome& welcome) {
  v1::Welcome out;
  out.set_session_id(bounded_text(welcome.session.value, kMaxName));
  out.set_durable_event_sequence(welcome.durable_event.value);
  write_held(welcome.held, out);
  out.set_heartbeat_interval_ms(static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(welcome.heartbeat_interval.count(), kMinHeartbeatMs, kMaxHeartbeatMs)));
  out.set_offered_generation(welcome.offered.value);
  out.set_collector_version(bounded_text(welcome.collector_version, kMaxName));
  return out;
}

Result<session::Welcome> from_wire(const v1::Welcome& welcome) {
  session::Welcome out;
  ONDOL_TRY(checked_text(welcome.session_id(), kMaxName, "the session id"));
  out.session = SessionId{welcome.session_id()};
  out.durable_event = EventSequence{welcome.durable_event_sequence()};
  auto held = read_held(welcome);
  if (!held) return fail(held.error());
  out.held = *std::move(held);
  const std::uint32_t interval = welcome.heartbeat_interval_ms();
  if (interval < kMinHeartbeatMs || interval > kMaxHeartbeatMs) {
    return fail(Errc::kInvalidInput, "a heartbeat interval outside one second to one hour");
  }
  out.heartbeat_interval = Milliseconds{interval};
  out.offered = Generation{welcome.offered_generation()};
  ONDOL_TRY(checked_text(welcome.collector_version(), kMaxName, "the collector's version"));
  out.collector_version = welcome.collector_version();
  return out;
}

v1::EventAck to_wire(const session::EventAck& ack) {
  v1::EventAck out;
  out.set_durable_sequence(ack.durable.value);
  return out;
}

v1::ValueAck to_wire(const session::ValueAck& ack) {
  v1::ValueAck out;
  out.set_type(type_to(ack.type));
  out.set_digest(std::string(as_bytes(ack.digest)));
  return out;
}

Result<session::ValueAck> from_wire(const v1::ValueAck& ack) {
  const auto type = type_from(ack.type());
  if (!type) return fail(type.error());
  const auto digest = digest_from_bytes(ack.digest());
  if (!digest) return fail(Errc::kInvalidInput, "a value digest that is not 16 bytes");
  return session::ValueAck{*type, *digest};
}

v1::ValueRequest to_wire(const session::ValueRequest& request) {
  v1::ValueRequest out;
  out.set_type(type_to(request.type));
  return out;
}

Result<session::ValueRequest> from_wire(const v1::ValueRequest& request) {
  const auto type = type_from(request.type());
  if (!type) return fail(type.error());
  return session::ValueRequest{*type};
}

v1::Goodbye to_wire(const session::Goodbye& goodbye) {
  v1::Goodbye out;
  out.set_reason(bounded_text(goodbye.reason, kMaxReason));
  out.set_retry_after_ms(
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(goodbye.retry_after.count(), 0, kMaxHeartbeatMs)));
  return out;
}

Result<session::Goodbye> from_wire(const v1::Goodbye& goodbye) {
  ONDOL_TRY(checked_text(goodbye.reason(), kMaxReason, "a goodbye's reason"));
  if (goodbye.retry_after_ms() > kMaxHeartbeatMs) return fail(Errc::kInvalidInput, "a retry after more than an hour");
  return session::Goodbye{goodbye.reason(), Milliseconds{goodbye.retry_after_ms()}};
}

}  // namespace ondol::wire
