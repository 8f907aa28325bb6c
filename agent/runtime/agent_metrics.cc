#include "agent/runtime/agent_metrics.h"

#include <array>

namespace ondol::agent {
namespace {

namespace names = metrics::agent;
using prometheus::Labels;
using routes::RouteState;
using session::RepairOutcome;

constexpr std::array kOutcomes{std::pair{RepairOutcome::kRepaired, "repaired"},   std::pair{RepairOutcome::kFailed, "failed"},
                               std::pair{RepairOutcome::kWaiting, "waiting"},     std::pair{RepairOutcome::kContested, "contested"},
                               std::pair{RepairOutcome::kHeld, "held"},           std::pair{RepairOutcome::kReportOnly, "report_only"}};
constexpr std::array kStates{RouteState::kInSync,   RouteState::kSatisfied, RouteState::kMissing,  RouteState::kChanged,
                             RouteState::kConflict, RouteState::kWaiting,   RouteState::kContested};
// The words that reasons begin with; another one counts as "other".
constexpr std::array kTrialOutcomes{"began",  "confirmed", "probe", "no_contact", "not_confirmed", "restarted",
                                    "person", "kernel",    "undo",  "storage",    "read_back",     "other"};
constexpr std::array kKinds{DriftKind::kMissing, DriftKind::kExtra, DriftKind::kChanged};

prometheus::Histogram& repair_histogram(metrics::Exposer& exposer) {
  return exposer.histograms(names::kRouteRepairSeconds)
      .Add({}, prometheus::Histogram::BucketBoundaries(metrics::kRepairBuckets.begin(), metrics::kRepairBuckets.end()));
}

double seconds(Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

AgentMetrics::AgentMetrics(metrics::Exposer& exposer)
    : exposer_(exposer),
      repair_seconds_(repair_histogram(exposer)),
      overruns_(exposer.counters(names::kNetlinkOverruns).Add({})),
      resyncs_(exposer.counters(names::kResyncs).Add({})),
      lost_(exposer.counters(names::kEventsLost).Add({})) {
  for (const auto& [outcome, word] : kOutcomes) {
    repairs_[outcome] = &exposer.counters(names::kRouteRepairs).Add({{"outcome", word}});
  }
  for (const char* outcome : kTrialOutcomes) trials_[outcome] = &exposer.counters(names::kTrials).Add({{"outcome", outcome}});
  for (const RouteState state : kStates) {
    states_[state] = &exposer.gauges(names::kRoutes).Add({{"state", std::string(to_string(state))}});
  }
  for (const DriftKind kind : kKinds) {
    drift_[kind] = &exposer.gauges(names::kDrift).Add({{"type", "routes"}, {"kind", std::string(to_string(kind))}});
  }
}

void AgentMetrics::saw(const Happening& what) {
  const auto* notice = std::get_if<KernelNotice>(&what);
  if (notice == nullptr || !notice->overrun) return;
  overruns_.Increment();
  resyncs_.Increment();
}

void AgentMetrics::count_trial(const session::GenerationResult& result) {
  using session::GenerationOutcome;
  switch (result.outcome) {
    case GenerationOutcome::kTrial: return trials_.at("began")->Increment();
    case GenerationOutcome::kConfirmed: return result.deadline > Milliseconds{} ? trials_.at("confirmed")->Increment() : void();
    case GenerationOutcome::kRefused: return;
    case GenerationOutcome::kRolledBack: {
      const auto known = trials_.find(std::string_view(result.reason).substr(0, result.reason.find_first_of(": ")));
      return (known != trials_.end() ? known->second : trials_.at("other"))->Increment();
    }
  }
}

void AgentMetrics::did(const Effect& effect) {
  const auto* append = std::get_if<AppendEvent>(&effect);
  if (append != nullptr) {
    if (const auto* result = std::get_if<session::GenerationResult>(&append->event.what)) count_trial(*result);
  }
  const auto* repair = append == nullptr ? nullptr : std::get_if<session::RouteRepair>(&append->event.what);
  if (repair == nullptr) return;
  repairs_.at(repair->outcome)->Increment();
  // Only what answers a kernel event has a latency that means something.
  if (repair->outcome == RepairOutcome::kRepaired && repair->answers.value != 0) {
    repair_seconds_.Observe(seconds(repair->latency));
  }
}

void AgentMetrics::show(const CoreStatus& status, const SpoolFigures& spool,
                        const std::optional<WallTime>& certificate_expires, const Now& now) {
  for (const auto& [state, gauge] : states_) {
    const auto found = status.by_state.find(state);
    gauge->Set(found == status.by_state.end() ? 0 : static_cast<double>(found->second));
  }
  for (const auto& [kind, gauge] : drift_) {
    const auto found = status.drift.find(kind);
    gauge->Set(found == status.drift.end() ? 0 : static_cast<double>(found->second));
  }
  const auto set = [this](const metrics::Metric& metric, const Labels& labels, double value) {
    exposer_.gauges(metric).Add(labels).Set(value);
  };
  if (status.last_read) set(names::kSweepAge, {{"type", "routes"}}, seconds(now.boot - *status.last_read));
  const auto generation = [&set](const char* number, Generation value) {
    set(names::kGeneration, {{"type", "routes"}, {"number", number}}, static_cast<double>(value.value));
  };
  generation("received", status.generations.received);
  generation("applied", status.generations.applied);
  generation("running", status.generations.running);
  set(names::kSessionConnected, {}, status.session == SessionState::kUp ? 1 : 0);
  if (certificate_expires) {
    set(names::kCertificateExpiry, {}, static_cast<double>(unix_ns(*certificate_expires)) / 1e9);
  }
  set(names::kEventSpool, {}, static_cast<double>(spool.depth));
  set(names::kContested, {{"type", "routes"}}, static_cast<double>(status.contested));
  set(names::kSafeMode, {}, status.safe_mode.empty() ? 0 : 1);
  const auto left = status.trial_deadline ? std::max(Nanoseconds{}, *status.trial_deadline - now.boot) : Nanoseconds{};
  set(names::kTrialLeft, {}, seconds(left));
  set(names::kHeld, {}, status.held_here || status.held_by_guard ? 1 : 0);
  lost_.Increment(static_cast<double>(spool.lost - lost_shown_));
  lost_shown_ = spool.lost;
}

}  // namespace ondol::agent
