#include "collector/runtime/runtime_metrics.h"

namespace ondol::collector {
namespace {

namespace names = metrics::collector;

constexpr const char* kRoutes = "routes";

prometheus::Histogram::BucketBoundaries commit_buckets() {
  return {metrics::kCommitBuckets.begin(), metrics::kCommitBuckets.end()};
}

std::string word_of(session::RepairOutcome outcome) {
  switch (outcome) {
    case session::RepairOutcome::kRepaired:
      return "repaired";
    case session::RepairOutcome::kFailed:
      return "failed";
    case session::RepairOutcome::kWaiting:
      return "waiting";
    case session::RepairOutcome::kContested:
      return "contested";
    case session::RepairOutcome::kHeld:
      return "held";
    case session::RepairOutcome::kReportOnly:
      return "report_only";
  }
  return "unknown";
}

std::string word_of(session::GenerationOutcome outcome) {
  switch (outcome) {
    case session::GenerationOutcome::kConfirmed:
      return "confirmed";
    case session::GenerationOutcome::kRefused:
      return "refused";
    case session::GenerationOutcome::kRolledBack:
      return "rolled_back";
    case session::GenerationOutcome::kTrial:
      return "trial";
  }
  return "unknown";
}

}  // namespace

RuntimeMetrics::RuntimeMetrics(metrics::Exposer& exposer)
    : exposer_(exposer),
      commit_seconds_(exposer.histograms(names::kStoreCommitSeconds).Add({}, commit_buckets())),
      late_renewals_(exposer.counters(names::kLateRenewals).Add({})) {}

void RuntimeMetrics::follow(const metrics::Metric& metric, const std::map<std::string, std::string>& labels,
                            std::uint64_t total) {
  auto& counter = exposer_.counters(metric).Add(labels);
  const double ahead = static_cast<double>(total) - counter.Value();
  if (ahead > 0) counter.Increment(ahead);
}

void RuntimeMetrics::set(const metrics::Metric& metric, const std::map<std::string, std::string>& labels,
                         double value) {
  exposer_.gauges(metric).Add(labels).Set(value);
}

void RuntimeMetrics::note_commit(Nanoseconds duration) {
  commit_seconds_.Observe(static_cast<double>(duration.count()) / 1e9);
}

// What is issued is counted by the backend, once it is durable.
void RuntimeMetrics::note_enrolment(const enroll::EnrollCount& what) {
  if (!what.issued)
    exposer_.counters(names::kEnrollRefused).Add({{"reason", std::string(what.label)}}).Increment();
  if (!what.issued && what.label == "over_limit")
    exposer_.counters(names::kLimitHits).Add({{"limit", "enrolment_connections"}}).Increment();
  if (!what.issued && what.label == "busy")
    exposer_.counters(names::kLimitHits).Add({{"limit", "enrolments_per_second"}}).Increment();
  if (what.issued && what.label == enroll::kLateRenewalLabel) late_renewals_.Increment();
}

void RuntimeMetrics::copy(const CoreStats& stats, const CoreCounters& counters) {
  for (const Liveness liveness : {Liveness::kNeverEnrolled, Liveness::kOnline, Liveness::kStuck,
                                  Liveness::kSilent, Liveness::kUnknownSinceRestart}) {
    const auto count = stats.hosts.find(liveness);
    set(names::kHosts, {{"liveness", std::string(to_string(liveness))}},
        count == stats.hosts.end() ? 0 : count->second);
  }
  set(names::kDrift, {{"type", kRoutes}, {"kind", "missing"}}, stats.drift.missing);
  set(names::kDrift, {{"type", kRoutes}, {"kind", "extra"}}, stats.drift.extra);
  set(names::kDrift, {{"type", kRoutes}, {"kind", "changed"}}, stats.drift.changed);
  set(names::kContested, {{"type", kRoutes}}, stats.drift.contested);
  follow(names::kDriftOpened, {{"type", kRoutes}, {"kind", "missing"}}, counters.opened.missing);
  follow(names::kDriftOpened, {{"type", kRoutes}, {"kind", "extra"}}, counters.opened.extra);
  follow(names::kDriftOpened, {{"type", kRoutes}, {"kind", "changed"}}, counters.opened.changed);
  for (const auto& [outcome, total] : counters.repairs)
    follow(names::kRepairs, {{"outcome", word_of(outcome)}}, total);
  for (const auto& [outcome, total] : counters.generations) {
    follow(names::kGenerations, {{"outcome", word_of(outcome)}}, total);
  }
  copy_trials(stats, counters);
  follow(names::kEvents, {}, counters.events);
  follow(names::kEventsLost, {}, counters.events_lost);
  follow(names::kClonesRefused, {}, counters.clones_refused);
  follow(names::kIdentitiesRefused, {}, counters.identities_refused);
  follow(names::kOffers, {}, counters.offers);
}

// Every word is there from the start: an alarm on a rate needs the zero before the first one.
void RuntimeMetrics::copy_trials(const CoreStats& stats, const CoreCounters& counters) {
  const auto total = [](const auto& totals, std::string_view word) {
    const auto found = totals.find(word);
    return found == totals.end() ? std::uint64_t{0} : found->second;
  };
  set(names::kTrialsRunning, {}, stats.trials);
  for (const std::string_view end : kTrialEnds) {
    follow(names::kTrials, {{"end", std::string(end)}}, total(counters.trials, end));
  }
  for (const std::string_view answer : kContactAnswers) {
    follow(names::kContacts, {{"answer", std::string(answer)}}, total(counters.contacts, answer));
  }
}

void RuntimeMetrics::copy(const SessionCounters& sessions) {
  set(names::kSessions, {}, static_cast<double>(sessions.open));
  follow(names::kMessages, {{"direction", "in"}}, sessions.messages_in);
  follow(names::kMessages, {{"direction", "out"}}, sessions.messages_out);
  follow(names::kBadInput, {}, sessions.bad_input);
  follow(names::kConnectionsRefused, {{"reason", "cap"}}, sessions.refused_cap);
  follow(names::kConnectionsRefused, {{"reason", "source"}}, sessions.refused_source);
  follow(names::kConnectionsRefused, {{"reason", "handshake"}}, sessions.handshake_timeout);
  follow(names::kConnectionsRefused, {{"reason", "busy"}}, sessions.refused_handshakes);
  follow(names::kConnectionsRefused, {{"reason", "rate"}}, sessions.refused_rate);
  follow(names::kConnectionsRefused, {{"reason", "descriptors"}}, sessions.descriptors_exhausted);
  count_hits("connections", sessions.refused_cap);
  count_hits("connections_per_source", sessions.refused_source);
  count_hits("handshakes", sessions.refused_handshakes);
  count_hits("accepts_per_second", sessions.refused_rate);
  count_hits("descriptors", sessions.descriptors_exhausted);
  count_hits("handshake_seconds", sessions.handshake_timeout);
  count_hits("contact_seconds", sessions.contact_timeout);
}

// Each limit has its count of hits from the start, also those that are counted one by one.
void RuntimeMetrics::set_limits(const std::map<std::string, double>& limits) {
  for (const auto& [limit, value] : limits) {
    set(names::kLimit, {{"limit", limit}}, value);
    count_hits(limit, 0);
  }
}

void RuntimeMetrics::count_hits(const std::string& limit, std::uint64_t total) {
  follow(names::kLimitHits, {{"limit", limit}}, total);
}

void RuntimeMetrics::copy(const StoreEnrollBackend& enrolment) {
  follow(names::kCertificatesIssued, {{"kind", "first"}}, enrolment.first_issued());
  follow(names::kCertificatesIssued, {{"kind", "renewal"}}, enrolment.renewed());
}

void RuntimeMetrics::set_store(std::size_t queued, bool failed) {
  set(names::kStoreQueue, {}, static_cast<double>(queued));
  set(names::kStoreFailed, {}, failed ? 1 : 0);
}

void RuntimeMetrics::set_server_certificate(WallTime not_after) {
  set(names::kServerCertificateExpiry, {}, static_cast<double>(unix_ns(not_after)) / 1e9);
}

}  // namespace ondol::collector
