// AdminService: drift, listed and watched. See admin_service.h.
#include <algorithm>

#include "collector/admin/admin_service.h"
#include "collector/admin/statuses.h"
#include "common/wire/drift_wire.h"

namespace ondol::collector {
namespace {

constexpr std::uint32_t kPage = 1'000;
constexpr std::size_t kMostSearched = 200'000;  // closed records looked through for one list
constexpr Milliseconds kWatchTurn{500};

// Hosts that a selector takes; empty = every host.
using HostSet = std::optional<std::set<HostId>>;

Result<HostSet> hosts_taken(CollectorRuntime& runtime, const std::string& text) {
  if (text.empty()) return HostSet{};
  const auto selector = cmdb::parse_selector(text);
  if (!selector) return fail(selector.error());
  return runtime.ask([selector = *selector](const CollectorCore& core) {
    std::set<HostId> taken;
    for (const auto& [host, state] : core.hosts()) {
      if (state.record && cmdb::matches(selector, *state.record)) taken.insert(host);
    }
    return HostSet{std::move(taken)};
  });
}

Result<void> check_type(const std::string& type) {
  if (type.empty() || type == session::to_string(session::ResourceType::kRoutes)) return {};
  return fail(Errc::kInvalidInput, "no resource type '" + escaped(type) + "'", "", "write routes");
}

}  // namespace

Result<std::vector<session::DriftRecord>> AdminService::read_drift(const v1::ListDriftRequest& request) {
  ONDOL_TRY(check_type(request.type()));
  const auto hosts = hosts_taken(parts_.runtime, request.selector());
  if (!hosts) return fail(hosts.error());
  const auto one = request.host().empty() ? std::optional<HostId>{} : std::optional<HostId>{HostId{request.host()}};
  auto rows = request.with_closed() ? parts_.store.read_drift(one, kMostSearched) : parts_.store.read_open_drift();
  if (!rows) return fail(rows.error());
  std::sort(rows->begin(), rows->end(), [](const auto& a, const auto& b) { return a.id > b.id; });
  std::vector<session::DriftRecord> list;
  for (const store::DriftRow& row : *rows) {
    if ((one && row.host != *one) || (*hosts && !(*hosts)->contains(row.host))) continue;
    auto drift = wire::decode_drift(row.payload);
    if (!drift) return fail(drift.error());
    list.push_back(*std::move(drift));
  }
  return list;
}

grpc::Status AdminService::ListDrift(Context*, const v1::ListDriftRequest* request, v1::ListDriftReply* reply) {
  const auto list = read_drift(*request);
  if (!list) return status_of(list.error());
  reply->set_total(list->size());
  const std::uint32_t limit = request->limit() == 0 ? kPage : std::min(request->limit(), kPage);
  for (const session::DriftRecord& drift : *list) {
    if (reply->drifts_size() == static_cast<int>(limit)) break;
    *reply->add_drifts() = wire::to_wire(drift);
  }
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowDrift(Context*, const v1::ShowDriftRequest* request, v1::Drift* reply) {
  const auto row = parts_.store.read_drift_by_id(DriftId{request->id()});
  if (!row) return status_of(row.error());
  if (!*row) {
    return status_of(Error{Errc::kNotFound, "no drift " + std::to_string(request->id()), "",
                           "see `ondolctl drift list`"});
  }
  const auto drift = wire::decode_drift((*row)->payload);
  if (!drift) return status_of(drift.error());
  *reply = wire::to_wire(*drift);
  return grpc::Status::OK;
}

grpc::Status AdminService::WatchDrift(Context* context, const v1::WatchDriftRequest* request,
                                      grpc::ServerWriter<v1::Drift>* writer) {
  const auto selector = cmdb::parse_selector(request->selector());
  if (!selector) return status_of(selector.error());
  const auto watch = parts_.runtime.feed().watch(
      [selector = *selector, host = request->host()](const session::DriftRecord& drift, const store::HostRecord* record) {
        if (!host.empty() && drift.host.value != host) return false;
        return selector.terms.empty() || (record != nullptr && cmdb::matches(selector, *record));
      });
  if (!watch) return status_of(watch.error());
  writer->SendInitialMetadata();  // the caller knows that nothing from here on is missed
  session::DriftRecord drift;
  while (!context->IsCancelled()) {
    switch ((*watch)->take(drift, kWatchTurn)) {
      case DriftWatch::Taken::kNothingYet: break;
      case DriftWatch::Taken::kDrift:
        if (!writer->Write(wire::to_wire(drift))) return grpc::Status::OK;
        break;
      case DriftWatch::Taken::kTooSlow:
        return status_of(Error{Errc::kLimit, "this watcher read too slowly and missed records", "",
                               "watch again, and see `ondolctl drift list --closed` for what was missed"});
      case DriftWatch::Taken::kStopped:
        return status_of(Error{Errc::kUnavailable, "the collector stops", "", "watch again when it is back"});
    }
  }
  return grpc::Status::OK;
}

}  // namespace ondol::collector
