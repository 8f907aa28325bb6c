// AdminService: the collector itself. See admin_service.h.
#include "collector/admin/admin_service.h"
#include "collector/admin/host_summary.h"
#include "collector/admin/statuses.h"

namespace ondol::collector {
namespace {

constexpr int kExamples = 3;

struct InTrouble {
  std::uint32_t hosts = 0;
  std::vector<HostId> examples;
};

struct CoreView {
  CoreStats stats;
  CoreCounters counters;
  std::string store_error;
  std::size_t writes_out = 0, offers_waiting = 0;
  std::map<Trouble, InTrouble> troubles;
  Progress progress;
};

CoreView view_of(const CollectorCore& core, bool young) {
  CoreView view{core.stats(), core.counters(), core.store_error(), core.writes_out(), core.offers_waiting(), {}, {}};
  for (const auto& [host, state] : core.hosts()) {
    if (!state.record) continue;
    InTrouble& in = view.troubles[trouble_of(state)];
    ++in.hosts;
    if (in.examples.size() < kExamples) in.examples.push_back(host);
  }
  view.progress = progress_of(core.hosts(), {Revision{}, young, 0});
  return view;
}

void fill_troubles(const CoreView& view, v1::GetStatusReply& reply) {
  for (const auto& [trouble, in] : view.troubles) {
    v1::TroubleCount& count = *reply.add_troubles();
    count.set_trouble(to_wire(trouble));
    count.set_hosts(in.hosts);
    for (const HostId& host : in.examples) count.add_examples(host.value);
  }
  *reply.mutable_progress() = to_wire(view.progress);
  reply.set_writes_unanswered(view.writes_out);
  reply.set_offers_waiting(view.offers_waiting);
  reply.set_events_lost(view.counters.events_lost);
  reply.set_clones_refused(view.counters.clones_refused);
  reply.set_identities_refused(view.counters.identities_refused);
}

void fill(const CoreView& view, v1::GetStatusReply& reply) {
  for (const auto& [liveness, hosts] : view.stats.hosts) {
    v1::StateCount& count = *reply.add_hosts_by_state();
    count.set_state(std::string(to_string(liveness)));
    count.set_hosts(hosts);
  }
  for (const auto& [reason, hosts] : view.stats.silence) {
    v1::StateCount& count = *reply.add_silence_by_reason();
    count.set_state(reason);
    count.set_hosts(hosts);
  }
  const DriftCounts& drift = view.stats.drift;
  reply.set_open_drift(drift.missing + drift.extra + drift.changed);
  reply.set_contested(drift.contested);
  reply.set_trials_running(view.stats.trials);
  std::uint64_t rolled_back = 0;
  for (const auto& [end, count] : view.counters.trials) {
    if (end == kTrialConfirmed) reply.set_trials_confirmed(count);
    rolled_back += end == kTrialConfirmed ? 0 : count;
  }
  reply.set_trials_rolled_back(rolled_back);
  reply.set_oldest_unseen_host(view.stats.oldest_unseen.value);
  reply.set_oldest_unseen_unix_ns(unix_ns(view.stats.oldest_unseen_at));
}

}  // namespace

grpc::Status AdminService::GetStatus(Context* context, const v1::GetStatusRequest*, v1::GetStatusReply* reply) {
  const auto view = parts_.runtime.ask([young = is_young()](const CollectorCore& core) { return view_of(core, young); });
  if (!view) return status_of(view.error());
  fill(*view, *reply);
  fill_troubles(*view, *reply);
  reply->set_version(parts_.version);
  reply->set_started_unix_ns(unix_ns(parts_.started));
  const auto revision = parts_.store.read_current_revision();
  if (!revision) return status_of(revision.error());
  if (*revision) {
    reply->set_revision((*revision)->id.value);
    reply->set_revision_unix_ns(unix_ns((*revision)->committed));
  }
  reply->set_store_engine(parts_.store.engine());
  reply->set_store_queue_depth(parts_.writer.queued_writes());
  const std::string disk = parts_.health.error();
  reply->set_store_error(disk.empty() ? view->store_error : disk);
  const auto actor = actor_of(*context);
  reply->set_caller(actor ? *actor : "unknown: " + actor.error().message);
  return grpc::Status::OK;
}

}  // namespace ondol::collector
