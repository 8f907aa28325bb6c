#include "common/wire/drift_wire.h"

#include "common/wire/bounds.h"
#include "common/wire/routes_wire.h"

namespace ondol::wire {
namespace {

constexpr Shape kDriftShape{2'000, 8};

static_assert(static_cast<int>(DriftKind::kChanged) == v1::DRIFT_KIND_CHANGED);

v1::Drift facts_of(const session::DriftRecord& drift) {
  v1::Drift out;
  out.set_id(drift.id.value);
  out.set_host(drift.host.value);
  out.set_type(static_cast<v1::ResourceType>(drift.type));
  *out.mutable_key() = to_wire(drift.key);
  out.set_kind(static_cast<v1::DriftKind>(drift.kind));
  if (drift.state) out.set_state(static_cast<v1::RouteState>(*drift.state));
  out.set_opened_unix_ns(unix_ns(drift.opened));
  if (drift.closed) out.set_closed_unix_ns(unix_ns(*drift.closed));
  if (drift.happened) out.set_happened_unix_ns(unix_ns(*drift.happened));
  if (drift.change) out.set_change(static_cast<v1::ChangeKind>(*drift.change));
  if (drift.author) *out.mutable_author() = to_wire(*drift.author);
  out.set_count(drift.count);
  out.set_outcome(std::string(session::to_string(drift.outcome)));
  out.set_repair_latency_ns(static_cast<std::uint64_t>(drift.repair_latency.count()));
  if (drift.desired) *out.mutable_desired() = to_wire(*drift.desired);
  if (drift.observed) *out.mutable_observed() = to_wire(*drift.observed);
  out.set_reason(bounded_text(drift.reason, kMaxReason));
  return out;
}

Result<void> read_enums(const v1::Drift& drift, session::DriftRecord& out) {
  const auto type = closed_enum<session::ResourceType>(drift.type(), v1::ResourceType_IsValid, "resource type");
  if (!type) return fail(type.error());
  out.type = *type;
  const auto kind = closed_enum<DriftKind>(drift.kind(), v1::DriftKind_IsValid, "drift kind");
  if (!kind) return fail(kind.error());
  out.kind = *kind;
  if (drift.state() != v1::ROUTE_STATE_UNSPECIFIED) {
    const auto state = closed_enum<routes::RouteState>(drift.state(), v1::RouteState_IsValid, "route state");
    if (!state) return fail(state.error());
    out.state = *state;
  }
  if (drift.change() != v1::CHANGE_KIND_UNSPECIFIED) {
    const auto change = closed_enum<session::ChangeKind>(drift.change(), v1::ChangeKind_IsValid, "change kind");
    if (!change) return fail(change.error());
    out.change = *change;
  }
  const auto outcome = session::drift_outcome_from(drift.outcome());
  if (!outcome) return fail(Errc::kCorrupt, "drift outcome '" + escaped(drift.outcome()) + "' is unknown");
  out.outcome = *outcome;
  return {};
}

Result<void> read_values(const v1::Drift& drift, session::DriftRecord& out) {
  auto key = from_wire(drift.key());
  if (!key) return fail(key.error());
  out.key = *std::move(key);
  if (drift.has_author()) {
    auto author = from_wire(drift.author());
    if (!author) return fail(author.error());
    out.author = *std::move(author);
  }
  if (drift.has_desired()) {
    auto desired = from_wire(drift.desired());
    if (!desired) return fail(desired.error());
    out.desired = *std::move(desired);
  }
  if (drift.has_observed()) {
    auto observed = from_wire(drift.observed());
    if (!observed) return fail(observed.error());
    out.observed = *std::move(observed);
  }
  return {};
}

}  // namespace

v1::Drift to_wire(const session::DriftRecord& drift) {
  v1::Drift out = facts_of(drift);
  out.set_key_text(routes::render(drift.key));
  out.set_text(session::render(drift));
  return out;
}

Result<session::DriftRecord> from_wire(const v1::Drift& drift) {
  session::DriftRecord out;
  ONDOL_TRY(read_enums(drift, out));
  ONDOL_TRY(read_values(drift, out));
  out.id = DriftId{drift.id()};
  out.host = HostId{drift.host()};
  out.opened = wall_from_unix_ns(drift.opened_unix_ns());
  if (drift.closed_unix_ns() != 0) out.closed = wall_from_unix_ns(drift.closed_unix_ns());
  if (drift.happened_unix_ns() != 0) out.happened = wall_from_unix_ns(drift.happened_unix_ns());
  out.count = drift.count();
  out.repair_latency = Nanoseconds{static_cast<std::int64_t>(drift.repair_latency_ns())};
  out.reason = drift.reason();
  return out;
}

// A result travels only inside its event; the event's rules are its rules.
v1::GenerationResult to_wire(const session::GenerationResult& result) {
  return to_wire(session::HostEvent{EventSequence{1}, {}, result}).generation_result();
}

std::string encode(const session::DriftRecord& drift) { return serialised(facts_of(drift)); }

Result<session::DriftRecord> decode_drift(std::string_view bytes) {
  ONDOL_TRY(check_shape(bytes, *v1::Drift::descriptor(), kDriftShape));
  v1::Drift drift;
  if (!drift.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::kCorrupt, "the drift record is not well-formed protobuf");
  }
  return from_wire(drift);
}

std::string encode(const session::GenerationResult& result) {
  return encode(session::HostEvent{EventSequence{1}, {}, result});
}

Result<session::GenerationResult> decode_generation_result(std::string_view bytes) {
  auto event = decode_host_event(bytes);
  if (!event) return fail(event.error());
  auto* result = std::get_if<session::GenerationResult>(&event->what);
  if (result == nullptr) return fail(Errc::kCorrupt, "the stored event is no generation result");
  return std::move(*result);
}

}  // namespace ondol::wire
