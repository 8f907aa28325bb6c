// Every metric the programs serve: its kind, name, help text and labels, each written once.
#pragma once

#include <array>
#include <string_view>

namespace ondol::metrics {

enum class Kind { kCounter, kGauge, kHistogram };

struct Metric {
  Kind kind;
  std::string_view name;    // base units; counters end in _total
  std::string_view help;
  std::string_view labels;  // comma separated, for people and tests; every label has a bounded set of values
};

inline constexpr Metric kBuildInfo{Kind::kGauge, "ondol_build_info", "Always 1; the version is in the labels.",
                                   "program,version"};

// Kernel event read to kernel acknowledgement: 50 us is a quiet machine, 1 s a stalled one.
inline constexpr std::array kRepairBuckets{50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3,
                                           10e-3, 20e-3,  50e-3,  0.1,    0.2,  0.5,  1.0};
// One group commit: half a millisecond on a good disk, seconds on a dying one.
inline constexpr std::array kCommitBuckets{0.5e-3, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0};

namespace agent {
inline constexpr Metric kRouteRepairs{Kind::kCounter, "ondol_agent_route_repairs_total",
    "Repairs of desired routes by outcome.", "outcome"};
inline constexpr Metric kRouteRepairSeconds{Kind::kHistogram, "ondol_agent_route_repair_seconds",
    "Time from the kernel event that disturbed a route to the kernel's acknowledgement of its repair.", ""};
inline constexpr Metric kRoutes{Kind::kGauge, "ondol_agent_routes", "Desired routes by state.", "state"};
inline constexpr Metric kDrift{Kind::kGauge, "ondol_agent_drift",
    "Differences between desired and observed that last, by resource type and kind.", "type,kind"};
inline constexpr Metric kSweepAge{Kind::kGauge, "ondol_agent_sweep_age_seconds",
    "Age of the last whole verification by resource type.", "type"};
inline constexpr Metric kNetlinkOverruns{Kind::kCounter, "ondol_agent_netlink_overruns_total",
    "Times the kernel dropped route events because they were not read fast enough.", ""};
inline constexpr Metric kResyncs{Kind::kCounter, "ondol_agent_resyncs_total",
    "Whole dumps made because events were lost or torn.", ""};
inline constexpr Metric kGeneration{Kind::kGauge, "ondol_agent_generation",
    "Generation of desired state: received, applied and running.", "type,number"};
inline constexpr Metric kSessionConnected{Kind::kGauge, "ondol_agent_session_connected",
    "1 while the collector has welcomed this agent, 0 otherwise.", ""};
inline constexpr Metric kCertificateExpiry{Kind::kGauge, "ondol_agent_certificate_expiry_timestamp_seconds",
    "When the agent's certificate expires, in seconds since 1970.", ""};
inline constexpr Metric kEventSpool{Kind::kGauge, "ondol_agent_event_spool_entries",
    "Events waiting for the collector's acknowledgement.", ""};
inline constexpr Metric kEventsLost{Kind::kCounter, "ondol_agent_events_lost_total",
    "Events dropped because the spool was full.", ""};
inline constexpr Metric kContested{Kind::kGauge, "ondol_agent_contested",
    "Objects left alone because another writer keeps changing them, by resource type.", "type"};
inline constexpr Metric kSafeMode{Kind::kGauge, "ondol_agent_safe_mode",
    "1 while the agent takes no new generations because it crashed too often, 0 otherwise.", ""};
inline constexpr Metric kTrials{Kind::kCounter, "ondol_agent_trials_total",
    "Changes of intent by how their trial went on: began, confirmed, or the first word of why they were undone.", "outcome"};
inline constexpr Metric kTrialLeft{Kind::kGauge, "ondol_agent_trial_left_seconds",
    "Time until the change on trial is undone, 0 without one.", ""};
inline constexpr Metric kHeld{Kind::kGauge, "ondol_agent_held", "1 while a person or the guard file holds all changes.", ""};

inline constexpr std::array kAll{kRouteRepairs, kRouteRepairSeconds, kRoutes, kDrift, kSweepAge, kNetlinkOverruns,
                                 kResyncs, kGeneration, kSessionConnected, kCertificateExpiry, kEventSpool,
                                 kEventsLost, kContested, kSafeMode, kTrials, kTrialLeft, kHeld};
}  // namespace agent

namespace collector {
inline constexpr Metric kSessions{Kind::kGauge, "ondol_collector_sessions", "Agents with an open session.", ""};
inline constexpr Metric kHosts{Kind::kGauge, "ondol_collector_hosts", "Hosts of the record by liveness.", "liveness"};
inline constexpr Metric kDrift{Kind::kGauge, "ondol_collector_drift",
    "Open drift of the whole fleet by resource type and kind.", "type,kind"};
inline constexpr Metric kContested{Kind::kGauge, "ondol_collector_contested",
    "Contested objects of the whole fleet by resource type.", "type"};
inline constexpr Metric kDriftOpened{Kind::kCounter, "ondol_collector_drift_opened_total",
    "Drift records opened by resource type and kind.", "type,kind"};
inline constexpr Metric kRepairs{Kind::kCounter, "ondol_collector_repairs_total",
    "Repairs that agents reported by outcome.", "outcome"};
inline constexpr Metric kMessages{Kind::kCounter, "ondol_collector_messages_total",
    "Session messages by direction: in or out.", "direction"};
inline constexpr Metric kBadInput{Kind::kCounter, "ondol_collector_bad_input_total",
    "Messages that broke the protocol; the session that sent one is closed.", ""};
inline constexpr Metric kConnectionsRefused{Kind::kCounter, "ondol_collector_connections_refused_total",
    "Connections refused before a session existed, by reason.", "reason"};
inline constexpr Metric kLimit{Kind::kGauge, "ondol_collector_limit",
    "What the collector bounds, as configured or as the system allows.", "limit"};
inline constexpr Metric kLimitHits{Kind::kCounter, "ondol_collector_limit_hits_total",
    "Times a limit was met: somebody was turned away, cut off or told to wait.", "limit"};
inline constexpr Metric kStoreQueue{Kind::kGauge, "ondol_collector_store_queue_entries",
    "Writes waiting for the store.", ""};
inline constexpr Metric kStoreCommitSeconds{Kind::kHistogram, "ondol_collector_store_commit_seconds",
    "Duration of one durable group commit.", ""};
inline constexpr Metric kStoreFailed{Kind::kGauge, "ondol_collector_store_failed",
    "1 while the last commit failed for lack of a working disk, 0 otherwise.", ""};
inline constexpr Metric kEvents{Kind::kCounter, "ondol_collector_events_total", "Host events stored.", ""};
inline constexpr Metric kEventsLost{Kind::kCounter, "ondol_collector_events_lost_total",
    "Host events that agents said they had to drop.", ""};
inline constexpr Metric kGenerations{Kind::kCounter, "ondol_collector_generations_total",
    "Generations that hosts answered by outcome.", "outcome"};
inline constexpr Metric kCertificatesIssued{Kind::kCounter, "ondol_collector_certificates_issued_total",
    "Certificates issued by kind: first or renewal.", "kind"};
inline constexpr Metric kLateRenewals{Kind::kCounter, "ondol_collector_certificates_renewed_late_total",
    "Renewals of certificates that had already expired; each is also counted as a renewal.", ""};
inline constexpr Metric kServerCertificateExpiry{Kind::kGauge,
    "ondol_collector_server_certificate_expiry_timestamp_seconds",
    "When the collector's own certificate expires, in seconds since 1970.", ""};
inline constexpr Metric kEnrollRefused{Kind::kCounter, "ondol_collector_enroll_refused_total",
    "Refused enrolments and renewals by reason.", "reason"};

inline constexpr Metric kClonesRefused{Kind::kCounter, "ondol_collector_clones_refused_total",
    "Streams refused because another agent with the same identity was connected.", ""};
inline constexpr Metric kIdentitiesRefused{Kind::kCounter, "ondol_collector_identities_refused_total",
    "Streams refused for want of a record or a known, unrevoked certificate.", ""};
inline constexpr Metric kTrialsRunning{Kind::kGauge, "ondol_collector_trials_running",
    "Hosts that applied a change of intent and have not yet kept or undone it.", ""};
inline constexpr Metric kTrials{Kind::kCounter, "ondol_collector_trials_total",
    "Trials that ended by how: confirmed, or the word for why they were undone.", "end"};
inline constexpr Metric kContacts{Kind::kCounter, "ondol_collector_contacts_total",
    "Proofs of contact by answer: before, confirmed, or the word for why not.", "answer"};
inline constexpr Metric kOffers{Kind::kCounter, "ondol_collector_offers_total",
    "Desired states offered to hosts.", ""};

inline constexpr std::array kAll{kSessions, kHosts, kDrift, kContested, kDriftOpened, kRepairs, kMessages, kBadInput,
                                 kConnectionsRefused, kLimit, kLimitHits, kStoreQueue, kStoreCommitSeconds, kStoreFailed, kEvents,
                                 kEventsLost, kGenerations, kCertificatesIssued, kLateRenewals, kServerCertificateExpiry,
                                 kEnrollRefused, kClonesRefused, kIdentitiesRefused, kOffers,
                                 kTrialsRunning, kTrials, kContacts};
}  // namespace collector

}  // namespace ondol::metrics
