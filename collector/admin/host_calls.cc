// AdminService: hosts and the record. See admin_service.h.
#include <algorithm>

#include "collector/admin/admin_service.h"
#include "collector/admin/host_summary.h"
#include "collector/admin/statuses.h"
#include "collector/runtime/store_rows.h"
#include "common/wire/drift_wire.h"
#include "common/wire/routes_wire.h"
#include "common/wire/trial_wire.h"

namespace ondol::collector {
namespace {

constexpr std::uint32_t kPage = 1'000;
constexpr std::uint32_t kHistory = 100;

grpc::Status no_host(const std::string& name) {
  return status_of(Error{Errc::kNotFound, "no host " + escaped(name), "", "see `ondolctl host list`"});
}

struct HostPage {
  std::vector<v1::HostSummary> hosts;
  std::string next;
};

HostPage page_of(const CollectorCore& core, const cmdb::Selector& selector, const std::string& after, std::size_t size) {
  HostPage page;
  for (auto at = core.hosts().upper_bound(HostId{after}); at != core.hosts().end(); ++at) {
    const HostState& state = at->second;
    if (!state.record || !cmdb::matches(selector, *state.record)) continue;
    if (page.hosts.size() == size) {
      page.next = page.hosts.back().record().name();
      break;
    }
    page.hosts.push_back(summary_of(state));
  }
  return page;
}

void show_state(const HostState& state, v1::ShowHostReply& reply) {
  *reply.mutable_summary() = summary_of(state);
  for (const session::DriftRecord& drift : state.drift.open()) {
    if (reply.open_drift_size() == static_cast<int>(kPage)) break;
    *reply.add_open_drift() = wire::to_wire(drift);
  }
  if (state.last_result) *reply.mutable_last_result() = wire::to_wire(*state.last_result);
  if (state.trial) {
    for (const trial::ProbeResult& probe : state.trial->before) *reply.add_probes_before() = wire::to_wire(probe);
  }
  if (state.certificate_not_after != WallTime{}) {
    reply.set_certificate_not_after(ondol::render(state.certificate_not_after));
  }
  if (state.live) reply.set_observation_error(escaped(state.live->observation_error));
}

}  // namespace

grpc::Status AdminService::ListHosts(Context*, const v1::ListHostsRequest* request, v1::ListHostsReply* reply) {
  const auto selector = cmdb::parse_selector(request->selector());
  if (!selector) return status_of(selector.error());
  const std::uint32_t size = request->page_size() == 0 ? kPage : std::min(request->page_size(), kPage);
  auto page = parts_.runtime.ask([selector = *selector, after = request->page_after(), size](const CollectorCore& core) {
    return page_of(core, selector, after, size);
  });
  if (!page) return status_of(page.error());
  for (v1::HostSummary& host : page->hosts) *reply->add_hosts() = std::move(host);
  reply->set_next_page(page->next);
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowHost(Context*, const v1::ShowHostRequest* request, v1::ShowHostReply* reply) {
  auto shown = parts_.runtime.ask([host = HostId{request->host()}](const CollectorCore& core) {
    v1::ShowHostReply shown_reply;
    const HostState* state = core.find_host(host);
    if (state != nullptr && state->record) show_state(*state, shown_reply);
    return shown_reply;
  });
  if (!shown) return status_of(shown.error());
  if (!shown->has_summary()) return no_host(request->host());
  *reply = *std::move(shown);
  return status_of(fill_values(*request, *reply));
}

Result<void> AdminService::fill_values(const v1::ShowHostRequest& request, v1::ShowHostReply& reply) {
  const HostId host{request.host()};
  const auto report = read_routes_report(parts_.store, host);
  if (!report && report.error().code != Errc::kNotFound) return fail(report.error());
  if (!report && reply.observation_error().empty()) reply.set_observation_error("nothing was reported yet");
  if (report) {
    v1::RoutesValue value = wire::to_wire(**report);
    reply.mutable_summary()->set_routes(value.compared_routes());
    if (!request.with_routes()) value.clear_routes();
    *reply.mutable_routes() = std::move(value);
  }
  if (!request.with_routes()) return {};
  const auto desired = read_desired_state(parts_.store, host);
  if (!desired) return fail(desired.error());
  if (*desired) *reply.mutable_desired() = wire::to_wire(**desired);
  return {};
}

grpc::Status AdminService::HostHistory(Context*, const v1::HostHistoryRequest* request, v1::HostHistoryReply* reply) {
  const HostId host{request->host()};
  const auto lost = parts_.runtime.ask([host](const CollectorCore& core) -> std::optional<std::uint64_t> {
    const HostState* state = core.find_host(host);
    if (state == nullptr) return std::nullopt;
    return state->lost;
  });
  if (!lost) return status_of(lost.error());
  if (!*lost) return no_host(request->host());
  reply->set_lost_events(**lost);
  const std::uint32_t limit = request->limit() == 0 ? kHistory : std::min(request->limit(), kPage);
  const auto rows = parts_.store.read_events(host, limit);
  if (!rows) return status_of(rows.error());
  for (const store::EventRow& row : *rows) {
    const auto event = wire::decode_host_event(row.payload);
    if (!event) return status_of(event.error());
    v1::HistoryEntry& entry = *reply->add_entries();
    *entry.mutable_event() = wire::to_wire(*event);
    entry.set_received_unix_ns(unix_ns(row.received));
    entry.set_text(session::render(*event));
  }
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowRecord(Context*, const v1::ShowRecordRequest* request, v1::Record* reply) {
  auto record = parts_.runtime.ask([host = HostId{request->host()}](const CollectorCore& core) {
    const HostState* state = core.find_host(host);
    return state == nullptr ? std::optional<store::HostRecord>{} : state->record;
  });
  if (!record) return status_of(record.error());
  if (!*record) return no_host(request->host());
  *reply = to_wire(**record);
  return grpc::Status::OK;
}

grpc::Status AdminService::ExportCmdb(Context*, const v1::ExportCmdbRequest* request, v1::ExportCmdbReply* reply) {
  const auto selector = cmdb::parse_selector(request->selector());
  if (!selector) return status_of(selector.error());
  auto records = parts_.store.read_records();
  if (!records) return status_of(records.error());
  std::erase_if(*records, [&](const store::HostRecord& record) { return !cmdb::matches(*selector, record); });
  reply->set_csv(cmdb::render_csv(*records));
  return grpc::Status::OK;
}

}  // namespace ondol::collector
