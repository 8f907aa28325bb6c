#include "collector/admin/host_summary.h"

namespace ondol::collector {
namespace {

v1::Liveness to_wire(Liveness liveness) {
  switch (liveness) {
    case Liveness::kNeverEnrolled: return v1::LIVENESS_NEVER_ENROLLED;
    case Liveness::kOnline: return v1::LIVENESS_ONLINE;
    case Liveness::kStuck: return v1::LIVENESS_STUCK;
    case Liveness::kSilent: return v1::LIVENESS_SILENT;
    case Liveness::kUnknownSinceRestart: return v1::LIVENESS_UNKNOWN_SINCE_RESTART;
  }
  return v1::LIVENESS_UNSPECIFIED;
}

v1::FourNumbers numbers_of(const HostState& state) {
  v1::FourNumbers numbers;
  numbers.set_type(v1::RESOURCE_TYPE_ROUTES);
  numbers.set_offered(state.desired.generation.value);
  numbers.set_received(state.status.received.value);
  numbers.set_applied(state.status.applied.value);
  numbers.set_running(state.status.running.value);
  if (state.desired.mode) numbers.set_mode(static_cast<v1::Mode>(*state.desired.mode));
  numbers.set_blocked(escaped(state.status.blocked));
  return numbers;
}

v1::Trial trial_of(const TrialHead& trial) {
  v1::Trial out;
  out.set_generation(trial.generation.value);
  out.set_running(trial.running);
  if (trial.running) out.set_deadline_unix_ns(unix_ns(trial.deadline));
  return out;
}

}  // namespace

static_assert(static_cast<int>(Trouble::kNone) == v1::TROUBLE_OK);
v1::Trouble to_wire(Trouble trouble) { return static_cast<v1::Trouble>(trouble); }

v1::Record to_wire(const store::HostRecord& record) {
  v1::Record out;
  out.set_name(record.name.value);
  out.set_cluster(record.cluster);
  out.set_phase(record.phase);
  out.set_app_type(record.app_type);
  out.set_app_group(record.app_group);
  out.set_app(record.app);
  out.set_service_code(record.service_code);
  out.set_owner(record.owner);
  out.set_rack(record.rack);
  for (const auto& [key, value] : record.labels) (*out.mutable_labels())[key] = value;
  out.set_changed_unix_ns(unix_ns(record.changed));
  out.set_changed_by(record.changed_by);
  return out;
}

v1::HostSummary summary_of(const HostState& state) {
  v1::HostSummary out;
  *out.mutable_record() = to_wire(*state.record);
  out.set_liveness(to_wire(state.liveness));
  out.set_silence_reason(state.silence_reason);
  out.set_last_seen_unix_ns(unix_ns(state.last_seen));
  *out.add_numbers() = numbers_of(state);
  out.set_drift_missing(state.counts.missing);
  out.set_drift_changed(state.counts.changed);
  out.set_drift_extra(state.counts.extra);
  out.set_contested(state.counts.contested);
  if (state.live) out.set_session_id(state.live->session.value);
  out.set_agent_version(escaped(state.agent_version));
  out.set_clock_offset_ms(std::chrono::duration_cast<Milliseconds>(state.clock_offset).count());
  out.set_routes(state.routes);
  if (state.value) out.set_observed_unix_ns(unix_ns(state.value->received));
  if (state.trial) *out.mutable_trial() = trial_of(*state.trial);
  const Judged judged = judge(state);
  out.set_trouble(to_wire(judged.trouble));
  out.set_trouble_reason(escaped(judged.reason));
  return out;
}

}  // namespace ondol::collector
