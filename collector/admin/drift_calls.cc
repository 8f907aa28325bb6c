// AdminService: drift, listed and watched. See admin_service.h.
#include <algorithm>

#include "collector/admin/admin_service.h"
#include "collector/admin/statuses.h"
#include "common/wire/drift_wire.h"

namespace ondol::collector {
namespace {

constexpr std::uint32_t kPage = 1'000;
constexpr std::size_t kRead = 2'000;           // records at a time
constexpr std::size_t kMostSearched = 20'000;  // looked through for one page: a selector may take few of them
constexpr Milliseconds kWatchTurn{500};

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

// Rows are newest first. True when the page is full; the reply then says where the next one begins.
Result<bool> fill(const std::vector<store::DriftRow>& rows, const DriftFilter& filter, v1::ListDriftReply& reply) {
  for (const store::DriftRow& row : rows) {
    if ((filter.host && row.host != *filter.host) || (filter.hosts && !filter.hosts->contains(row.host))) continue;
    if (reply.drifts_size() == static_cast<int>(filter.page)) {
      reply.set_next_below(row.id.value + 1);
      return true;
    }
    const auto drift = wire::decode_drift(row.payload);
    if (!drift) return fail(drift.error());
    *reply.add_drifts() = wire::to_wire(*drift);
  }
  return false;
}

}  // namespace

Result<void> AdminService::list_open_drift(const v1::ListDriftRequest& request, const DriftFilter& filter,
                                           v1::ListDriftReply& reply) {
  auto rows = parts_.store.read_open_drift();
  if (!rows) return fail(rows.error());
  if (request.below() != 0) std::erase_if(*rows, [&](const auto& row) { return row.id.value >= request.below(); });
  std::sort(rows->begin(), rows->end(), [](const auto& a, const auto& b) { return a.id > b.id; });
  return fill(*rows, filter, reply).map([](bool) {});
}

// Goes through closed and open records together, so many at a time.
Result<void> AdminService::list_all_drift(const v1::ListDriftRequest& request, const DriftFilter& filter,
                                          v1::ListDriftReply& reply) {
  DriftId below{request.below()};
  for (std::size_t looked = 0; looked < kMostSearched; looked += kRead) {
    const auto rows = parts_.store.read_drift(filter.host, kRead, below);
    if (!rows) return fail(rows.error());
    const auto full = fill(*rows, filter, reply);
    if (!full) return fail(full.error());
    if (*full || rows->size() < kRead) return {};
    below = rows->back().id;
  }
  reply.set_next_below(below.value);
  return {};
}

grpc::Status AdminService::ListDrift(Context*, const v1::ListDriftRequest* request, v1::ListDriftReply* reply) {
  if (const auto checked = check_type(request->type()); !checked) return status_of(checked.error());
  auto hosts = hosts_taken(parts_.runtime, request->selector());
  if (!hosts) return status_of(hosts.error());
  DriftFilter filter{*std::move(hosts), std::nullopt, request->limit() == 0 ? kPage : std::min(request->limit(), kPage)};
  if (!request->host().empty()) filter.host = HostId{request->host()};
  return status_of(request->with_closed() ? list_all_drift(*request, filter, *reply) : list_open_drift(*request, filter, *reply));
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
