#include "collector/runtime/store_rows.h"

#include "common/wire/drift_wire.h"
#include "common/wire/routes_wire.h"

namespace ondol::collector {
namespace {

store::AppendEvents encode_events(const HostId& host, const HostWrites& writes) {
  store::AppendEvents append{host, {}, writes.lost};
  append.rows.reserve(writes.events.size());
  for (const auto& entry : writes.events) {
    append.rows.push_back({host, entry.event.sequence, entry.received, wire::encode(entry.event)});
  }
  return append;
}

store::StatusRow encode_status(const HostId& host, const HostWrites::Status& status) {
  store::StatusRow row{host, status.status, status.last_seen, status.agent_version, status.boot_id, ""};
  if (status.last_result) row.last_result = wire::encode(*status.last_result);
  return row;
}

// Moves a Result's value into place, or returns its error from the calling function.
template <typename T, typename Into>
Result<void> take(Result<T> read, Into& into) {
  if (!read) return fail(read.error());
  into = *std::move(read);
  return {};
}

Error unreadable(const std::string& what, const HostId& host, const Error& error) {
  return {Errc::kCorrupt, what + " of " + host.value + " cannot be read: " + error.message, error.where,
          "restore the store from a copy, or move it away to start afresh"};
}

Result<void> read_heads(store::Store& store, Loaded& loaded) {
  auto rows = store.read_desired();
  if (!rows) return fail(rows.error());
  for (const store::DesiredRow& row : *rows) {
    auto state = wire::decode_desired_state(row.payload);
    if (!state) return fail(unreadable("the desired state", row.host, state.error()));
    DesiredHead head{row.host, row.generation, row.revision, std::nullopt};
    if (state->routes) head.mode = state->routes->mode;
    loaded.desired.push_back(std::move(head));
  }
  return {};
}

Result<void> read_open_drift(store::Store& store, Loaded& loaded) {
  auto rows = store.read_open_drift();
  if (!rows) return fail(rows.error());
  for (const store::DriftRow& row : *rows) {
    auto drift = wire::decode_drift(row.payload);
    if (!drift) return fail(unreadable("a drift record", row.host, drift.error()));
    loaded.open_drift.push_back(*std::move(drift));
  }
  return {};
}

Result<void> read_statuses(store::Store& store, Loaded& loaded) {
  auto rows = store.read_statuses();
  if (!rows) return fail(rows.error());
  for (store::StatusRow& row : *rows) {
    Loaded::Status status{std::move(row), std::nullopt};
    if (!status.row.last_result.empty()) {
      auto result = wire::decode_generation_result(status.row.last_result);
      if (!result) return fail(unreadable("the last result", status.row.host, result.error()));
      status.last_result = *std::move(result);
    }
    loaded.statuses.push_back(std::move(status));
  }
  return {};
}

}  // namespace

store::DriftRow encode_row(const session::DriftRecord& drift) {
  return {drift.id, drift.host, drift.opened, drift.closed, wire::encode(drift)};
}

store::Batch encode_writes(const HostId& host, const HostWrites& writes) {
  store::Batch batch;
  if (!writes.events.empty() || writes.lost != 0) batch.push_back(encode_events(host, writes));
  if (writes.value) {
    const auto& value = *writes.value;
    batch.push_back(store::PutObserved{
        {host, session::ResourceType::kRoutes, value.digest, value.payload, value.received, value.session}});
  }
  for (const auto& drift : writes.drifts) batch.push_back(store::PutDrift{encode_row(drift)});
  if (writes.status) batch.push_back(store::PutStatus{encode_status(host, *writes.status)});
  for (const auto& audit : writes.audits) {
    batch.push_back(store::AppendAudit{audit.at, audit.actor, audit.action, audit.subject, audit.detail});
  }
  return batch;
}

Result<Loaded> read_loaded(store::Store& store) {
  Loaded loaded;
  ONDOL_TRY(take(store.read_records(), loaded.records));
  ONDOL_TRY(read_heads(store, loaded));
  ONDOL_TRY(take(store.read_observed_heads(), loaded.observed));
  ONDOL_TRY(take(store.read_event_positions(), loaded.positions));
  ONDOL_TRY(read_open_drift(store, loaded));
  ONDOL_TRY(take(store.read_highest_drift_id(), loaded.highest_drift));
  ONDOL_TRY(read_statuses(store, loaded));
  ONDOL_TRY(take(store.read_certificates(), loaded.certificates));
  return loaded;
}

Result<DesiredPtr> read_desired_state(store::Store& store, const HostId& host) {
  auto row = store.read_desired(host);
  if (!row) return fail(row.error());
  if (!*row) return DesiredPtr{};
  auto state = wire::decode_desired_state((*row)->payload);
  if (!state) return fail(unreadable("the desired state", host, state.error()));
  return std::make_shared<const DesiredState>(*std::move(state));
}

Result<std::shared_ptr<const session::RoutesReport>> read_routes_report(store::Store& store, const HostId& host) {
  auto row = store.read_observed(host, session::ResourceType::kRoutes);
  if (!row) return fail(row.error());
  if (!*row) return fail(Errc::kNotFound, "no value of " + host.value + " is stored");
  auto report = wire::decode_routes_report((*row)->payload);
  if (!report) return fail(unreadable("the value", host, report.error()));
  return std::make_shared<const session::RoutesReport>(*std::move(report));
}

}  // namespace ondol::collector
