// AdminService: the collector itself. See admin_service.h.
#include "collector/admin/admin_service.h"
#include "collector/admin/statuses.h"

namespace ondol::collector {
namespace {

struct CoreView {
  CoreStats stats;
  std::map<std::string_view, std::uint64_t> trials;
  std::string store_error;
};

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
  for (const auto& [end, count] : view.trials) {
    if (end == kTrialConfirmed) reply.set_trials_confirmed(count);
    rolled_back += end == kTrialConfirmed ? 0 : count;
  }
  reply.set_trials_rolled_back(rolled_back);
  reply.set_oldest_unseen_host(view.stats.oldest_unseen.value);
  reply.set_oldest_unseen_unix_ns(unix_ns(view.stats.oldest_unseen_at));
}

}  // namespace

grpc::Status AdminService::GetStatus(Context* context, const v1::GetStatusRequest*, v1::GetStatusReply* reply) {
  const auto view = parts_.runtime.ask([](const CollectorCore& core) { return CoreView{core.stats(), core.counters().trials, core.store_error()}; });
  if (!view) return status_of(view.error());
  fill(*view, *reply);
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
