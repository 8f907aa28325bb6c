#include "common/wire/trial_wire.h"

#include <algorithm>

#include "common/wire/bounds.h"

namespace ondol::wire {
namespace {

constexpr std::size_t kMaxProbeName = 64;

static_assert(static_cast<int>(trial::ProbeKind::kInbound) == v1::PROBE_KIND_INBOUND);
static_assert(static_cast<int>(session::ContactPhase::kAfter) == v1::CONTACT_PHASE_AFTER);

bool has_address(trial::ProbeKind kind) {
  return kind == trial::ProbeKind::kGateway || kind == trial::ProbeKind::kDns || kind == trial::ProbeKind::kTcp;
}

bool has_port(trial::ProbeKind kind) { return kind == trial::ProbeKind::kTcp || kind == trial::ProbeKind::kInbound; }

Result<std::uint16_t> checked_port(std::uint32_t port) {
  if (port == 0 || port > 65'535) return fail(Errc::kInvalidInput, "a port of " + std::to_string(port));
  return static_cast<std::uint16_t>(port);
}

}  // namespace

v1::ProbeTarget to_wire(const trial::ProbeTarget& target) {
  v1::ProbeTarget out;
  out.set_kind(static_cast<v1::ProbeKind>(target.kind));
  out.set_name(bounded_text(target.name, kMaxProbeName));
  if (has_address(target.kind)) {
    const auto octets = target.address.octets();
    out.set_address(octets.data(), octets.size());
  }
  if (has_port(target.kind)) out.set_port(target.port);
  return out;
}

Result<trial::ProbeTarget> from_wire(const v1::ProbeTarget& target) {
  trial::ProbeTarget out;
  const auto kind = closed_enum<trial::ProbeKind>(target.kind(), v1::ProbeKind_IsValid, "probe kind");
  if (!kind) return fail(kind.error());
  out.kind = *kind;
  ONDOL_TRY(checked_text(target.name(), kMaxProbeName, "a probe's name"));
  out.name = target.name();
  if (has_address(*kind)) {
    const std::string& bytes = target.address();
    const auto address = address_from_bytes({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    if (!address) return fail(address.error());
    out.address = *address;
  } else if (!target.address().empty()) {
    return fail(Errc::kInvalidInput, "an address on a probe that has none");
  }
  if (!has_port(*kind)) return target.port() == 0 ? Result<trial::ProbeTarget>(out) : fail(Errc::kInvalidInput, "a port on a probe that has none");
  const auto port = checked_port(target.port());
  if (!port) return fail(port.error());
  out.port = *port;
  return out;
}

v1::ProbeResult to_wire(const trial::ProbeResult& result) {
  v1::ProbeResult out;
  *out.mutable_target() = to_wire(result.target);
  out.set_green(result.green);
  out.set_text(bounded_text(result.text, kMaxReason));
  out.set_took_ns(static_cast<std::uint64_t>(std::max<std::int64_t>(result.took.count(), 0)));
  return out;
}

Result<trial::ProbeResult> from_wire(const v1::ProbeResult& result) {
  auto target = from_wire(result.target());
  if (!target) return fail(target.error());
  ONDOL_TRY(checked_text(result.text(), kMaxReason, "a probe's text"));
  const auto took = checked_ms(result.took_ns() / 1'000'000, "a probe's time");
  if (!took) return fail(took.error());
  return trial::ProbeResult{*std::move(target), result.green(), result.text(),
                            Nanoseconds{static_cast<std::int64_t>(result.took_ns())}};
}

v1::TrialRules to_wire(const trial::TrialRules& rules) {
  v1::TrialRules out;
  out.set_disabled(!rules.enabled);
  out.set_deadline_ms(static_cast<std::uint32_t>(rules.deadline.count()));
  for (const auto& probe : rules.probes) *out.add_probes() = to_wire(probe);
  return out;
}

Result<trial::TrialRules> from_wire(const v1::TrialRules& rules) {
  trial::TrialRules out;
  out.enabled = !rules.disabled();
  if (rules.deadline_ms() != 0) out.deadline = Milliseconds{rules.deadline_ms()};
  if (out.deadline < trial::kShortestTrial || out.deadline > trial::kLongestTrial) {
    return fail(Errc::kInvalidInput, "a trial of " + std::to_string(rules.deadline_ms()) + " ms");
  }
  if (rules.probes_size() > static_cast<int>(trial::kMaxProbes)) return fail(Errc::kLimit, "more than 32 probes");
  for (const auto& wire_probe : rules.probes()) {
    auto probe = from_wire(wire_probe);
    if (!probe) return fail(probe.error());
    if (!out.probes.empty() && !(out.probes.back() < *probe)) return fail(Errc::kInvalidInput, "probes are not in order");
    out.probes.push_back(*std::move(probe));
  }
  return out;
}

v1::Contact to_wire(const session::Contact& contact) {
  v1::Contact out;
  out.set_host(contact.host.value);
  out.set_generation(contact.generation.value);
  out.set_phase(static_cast<v1::ContactPhase>(contact.phase));
  out.set_instance_id(bounded_text(contact.instance_id, kMaxName));
  for (const std::uint16_t port : contact.inbound_ports) out.add_inbound_ports(port);
  return out;
}

Result<session::Contact> from_wire(const v1::Contact& contact) {
  session::Contact out;
  if (!valid_host_name(contact.host())) return fail(Errc::kInvalidInput, "a contact's host name");
  out.host = HostId{contact.host()};
  out.generation = Generation{contact.generation()};
  const auto phase = closed_enum<session::ContactPhase>(contact.phase(), v1::ContactPhase_IsValid, "contact phase");
  if (!phase) return fail(phase.error());
  out.phase = *phase;
  ONDOL_TRY(checked_text(contact.instance_id(), kMaxName, "an instance id"));
  out.instance_id = contact.instance_id();
  if (contact.inbound_ports_size() > static_cast<int>(trial::kMaxProbes)) return fail(Errc::kLimit, "more than 32 inbound ports");
  for (const std::uint32_t wire_port : contact.inbound_ports()) {
    const auto port = checked_port(wire_port);
    if (!port) return fail(port.error());
    if (!out.inbound_ports.empty() && out.inbound_ports.back() >= *port) return fail(Errc::kInvalidInput, "inbound ports do not rise");
    out.inbound_ports.push_back(*port);
  }
  return out;
}

v1::ContactReply to_wire(const session::ContactReply& reply) {
  v1::ContactReply out;
  out.set_generation(reply.generation.value);
  out.set_confirmed(reply.confirmed);
  out.set_reason(bounded_text(reply.reason, kMaxReason));
  for (const auto& result : reply.inbound) *out.add_inbound() = to_wire(result);
  return out;
}

Result<session::ContactReply> from_wire(const v1::ContactReply& reply) {
  session::ContactReply out;
  out.generation = Generation{reply.generation()};
  out.confirmed = reply.confirmed();
  ONDOL_TRY(checked_text(reply.reason(), kMaxReason, "a contact's reason"));
  out.reason = reply.reason();
  if (reply.inbound_size() > static_cast<int>(trial::kMaxProbes)) return fail(Errc::kLimit, "more than 32 inbound probes");
  for (const auto& wire_result : reply.inbound()) {
    auto result = from_wire(wire_result);
    if (!result) return fail(result.error());
    out.inbound.push_back(*std::move(result));
  }
  return out;
}

}  // namespace ondol::wire
