#include <algorithm>

#include "common/base/overload.h"
#include "common/wire/bounds.h"
#include "common/wire/routes_wire.h"
#include "common/wire/trial_wire.h"

namespace ondol::wire {
namespace {

using wire::from_wire;  // beside the overloads of this file
using wire::to_wire;

constexpr std::size_t kMaxComm = 64;     // 16 bytes of the kernel's, each perhaps escaped
constexpr std::size_t kMaxNotice = 64;
constexpr std::size_t kMaxRefused = 100;

static_assert(static_cast<int>(routes::RouteState::kContested) == v1::ROUTE_STATE_CONTESTED);
static_assert(static_cast<int>(session::ChangeKind::kVanished) == v1::CHANGE_KIND_VANISHED);
static_assert(static_cast<int>(session::RepairOutcome::kReportOnly) == v1::REPAIR_OUTCOME_REPORT_ONLY);
static_assert(static_cast<int>(session::GenerationOutcome::kTrial) == v1::GENERATION_OUTCOME_TRIAL);
static_assert(static_cast<int>(session::ResourceType::kRoutes) == v1::RESOURCE_TYPE_ROUTES);

v1::RouteChange to_wire(const session::RouteChange& change) {
  v1::RouteChange out;
  *out.mutable_key() = to_wire(change.key);
  out.set_kind(static_cast<v1::ChangeKind>(change.kind));
  if (change.before) *out.mutable_before() = to_wire(*change.before);
  if (change.after) *out.mutable_after() = to_wire(*change.after);
  out.set_protocol(change.protocol);
  if (change.author) *out.mutable_author() = to_wire(*change.author);
  return out;
}

Result<void> read_values(const v1::RouteChange& change, session::RouteChange& out) {
  if (change.has_before()) {
    auto before = from_wire(change.before());
    if (!before) return fail(before.error());
    out.before = *std::move(before);
  }
  if (change.has_after()) {
    auto after = from_wire(change.after());
    if (!after) return fail(after.error());
    out.after = *std::move(after);
  }
  if (change.has_author()) {
    auto author = from_wire(change.author());
    if (!author) return fail(author.error());
    out.author = *std::move(author);
  }
  return {};
}

Result<session::RouteChange> from_wire(const v1::RouteChange& change) {
  session::RouteChange out;
  auto key = from_wire(change.key());
  if (!key) return fail(key.error());
  out.key = *std::move(key);
  const auto kind = closed_enum<session::ChangeKind>(change.kind(), v1::ChangeKind_IsValid, "change kind");
  if (!kind) return fail(kind.error());
  out.kind = *kind;
  const auto protocol = checked_byte(change.protocol(), "a route protocol");
  if (!protocol) return fail(protocol.error());
  out.protocol = *protocol;
  ONDOL_TRY(read_values(change, out));
  return out;
}

v1::RouteRepair to_wire(const session::RouteRepair& repair) {
  v1::RouteRepair out;
  *out.mutable_key() = to_wire(repair.key);
  out.set_outcome(static_cast<v1::RepairOutcome>(repair.outcome));
  out.set_reason(bounded_text(repair.reason, kMaxReason));
  out.set_latency_ns(static_cast<std::uint64_t>(std::max<std::int64_t>(repair.latency.count(), 0)));
  out.set_answers_sequence(repair.answers.value);
  return out;
}

Result<Nanoseconds> duration_from(std::uint64_t ns, std::string_view name) {
  if (ns > static_cast<std::uint64_t>(Nanoseconds::max().count())) {
    return fail(Errc::kInvalidInput, std::string(name) + " is out of range");
  }
  return Nanoseconds{static_cast<std::int64_t>(ns)};
}

Result<session::RouteRepair> from_wire(const v1::RouteRepair& repair) {
  session::RouteRepair out;
  auto key = from_wire(repair.key());
  if (!key) return fail(key.error());
  out.key = *std::move(key);
  const auto outcome =
      closed_enum<session::RepairOutcome>(repair.outcome(), v1::RepairOutcome_IsValid, "repair outcome");
  if (!outcome) return fail(outcome.error());
  out.outcome = *outcome;
  ONDOL_TRY(checked_text(repair.reason(), kMaxReason, "a repair's reason"));
  out.reason = repair.reason();
  const auto latency = duration_from(repair.latency_ns(), "a repair's latency");
  if (!latency) return fail(latency.error());
  out.latency = *latency;
  out.answers = EventSequence{repair.answers_sequence()};
  return out;
}

v1::GenerationResult to_wire(const session::GenerationResult& result) {
  v1::GenerationResult out;
  out.set_generation(result.generation.value);
  out.set_revision(bounded_text(result.revision.value, 64));
  out.set_outcome(static_cast<v1::GenerationOutcome>(result.outcome));
  out.set_reason(bounded_text(result.reason, kMaxReason));
  const std::size_t listed = std::min(result.refused.size(), kMaxRefused);
  for (std::size_t i = 0; i < listed; ++i) *out.add_refused() = to_wire(result.refused[i]);
  out.set_added(result.added);
  out.set_replaced(result.replaced);
  out.set_removed(result.removed);
  out.set_duration_ns(static_cast<std::uint64_t>(std::max<std::int64_t>(result.duration.count(), 0)));
  const std::size_t probes = std::min(result.probes.size(), trial::kMaxProbes);
  for (std::size_t i = 0; i < probes; ++i) *out.add_probes() = to_wire(result.probes[i]);
  out.set_deadline_ms(static_cast<std::uint32_t>(std::max<std::int64_t>(result.deadline.count(), 0)));
  return out;
}

Result<session::GenerationResult> from_wire(const v1::GenerationResult& result) {
  session::GenerationResult out;
  out.generation = Generation{result.generation()};
  ONDOL_TRY(checked_text(result.revision(), 64, "a revision"));
  out.revision = Revision{result.revision()};
  const auto outcome =
      closed_enum<session::GenerationOutcome>(result.outcome(), v1::GenerationOutcome_IsValid, "generation outcome");
  if (!outcome) return fail(outcome.error());
  out.outcome = *outcome;
  ONDOL_TRY(checked_text(result.reason(), kMaxReason, "a generation's reason"));
  out.reason = result.reason();
  if (result.refused_size() > static_cast<int>(kMaxRefused)) return fail(Errc::kLimit, "over 100 refused objects");
  for (const auto& refused : result.refused()) {
    auto state = from_wire(refused);
    if (!state) return fail(state.error());
    out.refused.push_back(*std::move(state));
  }
  out.added = result.added();
  out.replaced = result.replaced();
  out.removed = result.removed();
  const auto duration = duration_from(result.duration_ns(), "a generation's duration");
  if (!duration) return fail(duration.error());
  out.duration = *duration;
  if (result.probes_size() > static_cast<int>(trial::kMaxProbes)) return fail(Errc::kLimit, "over 32 probes");
  for (const auto& wire_probe : result.probes()) {
    auto probe = from_wire(wire_probe);
    if (!probe) return fail(probe.error());
    out.probes.push_back(*std::move(probe));
  }
  out.deadline = Milliseconds{result.deadline_ms()};
  return out;
}

v1::ObserverNotice to_wire(const session::ObserverNotice& notice) {
  v1::ObserverNotice out;
  out.set_type(static_cast<v1::ResourceType>(notice.type));
  out.set_what(bounded_text(notice.what, kMaxNotice));
  out.set_detail(bounded_text(notice.detail, kMaxReason));
  return out;
}

Result<session::ObserverNotice> from_wire(const v1::ObserverNotice& notice) {
  const auto type = closed_enum<session::ResourceType>(notice.type(), v1::ResourceType_IsValid, "resource type");
  if (!type) return fail(type.error());
  ONDOL_TRY(checked_text(notice.what(), kMaxNotice, "a notice"));
  ONDOL_TRY(checked_text(notice.detail(), kMaxReason, "a notice's detail"));
  return session::ObserverNotice{*type, notice.what(), notice.detail()};
}

template <typename Value, typename Message>
Result<void> read_into(session::HostEvent& event, const Message& message) {
  auto value = from_wire(message);
  if (!value) return fail(value.error());
  event.what = Value(*std::move(value));
  return {};
}

Result<void> read_what(const v1::HostEvent& event, session::HostEvent& out) {
  switch (event.what_case()) {
    case v1::HostEvent::kRouteChange: return read_into<session::RouteChange>(out, event.route_change());
    case v1::HostEvent::kRouteRepair: return read_into<session::RouteRepair>(out, event.route_repair());
    case v1::HostEvent::kGenerationResult: return read_into<session::GenerationResult>(out, event.generation_result());
    case v1::HostEvent::kNotice: return read_into<session::ObserverNotice>(out, event.notice());
    case v1::HostEvent::WHAT_NOT_SET: break;
  }
  return fail(Errc::kInvalidInput, "an event of an unknown kind");
}

Result<void> read_text(bool present, const std::string& text, std::size_t max, std::optional<std::string>& out) {
  if (!present) return {};
  ONDOL_TRY(checked_text(text, max, "an author's field"));
  out = text;
  return {};
}

}  // namespace

v1::Author to_wire(const Author& author) {
  v1::Author out;
  if (author.pid) out.set_pid(*author.pid);
  if (author.comm) out.set_comm(bounded_text(*author.comm, kMaxComm));
  if (author.command) out.set_command(bounded_text(*author.command, kMaxCommand));
  if (author.unit) out.set_unit(bounded_text(*author.unit, kMaxName));
  if (author.session) out.set_session(*author.session);
  if (author.user) out.set_user(bounded_text(*author.user, kMaxName));
  if (author.ssh_from) out.set_ssh_from(bounded_text(*author.ssh_from, kMaxName));
  return out;
}

Result<Author> from_wire(const v1::Author& author) {
  Author out;
  if (author.has_pid()) out.pid = author.pid();
  if (author.has_session()) out.session = author.session();
  ONDOL_TRY(read_text(author.has_comm(), author.comm(), kMaxComm, out.comm));
  ONDOL_TRY(read_text(author.has_command(), author.command(), kMaxCommand, out.command));
  ONDOL_TRY(read_text(author.has_unit(), author.unit(), kMaxName, out.unit));
  ONDOL_TRY(read_text(author.has_user(), author.user(), kMaxName, out.user));
  ONDOL_TRY(read_text(author.has_ssh_from(), author.ssh_from(), kMaxName, out.ssh_from));
  return out;
}

v1::RouteObjectState to_wire(const session::RouteObjectState& state) {
  v1::RouteObjectState out;
  *out.mutable_key() = to_wire(state.key);
  out.set_state(static_cast<v1::RouteState>(state.state));
  out.set_reason(bounded_text(state.reason, kMaxReason));
  if (state.contender) *out.mutable_contender() = to_wire(*state.contender);
  out.set_since_unix_ns(unix_ns(state.since));
  return out;
}

Result<session::RouteObjectState> from_wire(const v1::RouteObjectState& state) {
  session::RouteObjectState out;
  auto key = from_wire(state.key());
  if (!key) return fail(key.error());
  out.key = *std::move(key);
  const auto known = closed_enum<routes::RouteState>(state.state(), v1::RouteState_IsValid, "route state");
  if (!known) return fail(known.error());
  out.state = *known;
  ONDOL_TRY(checked_text(state.reason(), kMaxReason, "an object's reason"));
  out.reason = state.reason();
  if (state.has_contender()) {
    auto contender = from_wire(state.contender());
    if (!contender) return fail(contender.error());
    out.contender = *std::move(contender);
  }
  const auto since = checked_wall(state.since_unix_ns());
  if (!since) return fail(since.error());
  out.since = *since;
  return out;
}

v1::HostEvent to_wire(const session::HostEvent& event) {
  v1::HostEvent out;
  out.set_sequence(event.sequence.value);
  out.set_happened_unix_ns(unix_ns(event.happened));
  std::visit(Overload{
                 [&out](const session::RouteChange& what) { *out.mutable_route_change() = to_wire(what); },
                 [&out](const session::RouteRepair& what) { *out.mutable_route_repair() = to_wire(what); },
                 [&out](const session::GenerationResult& what) { *out.mutable_generation_result() = to_wire(what); },
                 [&out](const session::ObserverNotice& what) { *out.mutable_notice() = to_wire(what); },
             },
             event.what);
  return out;
}

Result<session::HostEvent> from_wire(const v1::HostEvent& event) {
  session::HostEvent out;
  if (event.sequence() == 0) return fail(Errc::kInvalidInput, "an event without a number");
  out.sequence = EventSequence{event.sequence()};
  const auto happened = checked_wall(event.happened_unix_ns());
  if (!happened) return fail(happened.error());
  out.happened = *happened;
  ONDOL_TRY(read_what(event, out));
  return out;
}

}  // namespace ondol::wire
