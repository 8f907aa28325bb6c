// What a collector has made durable, in plain maps: the store of its core's tests.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "collector/core/effects.h"

namespace ondol::collector {

struct PlainStore {
  struct StoredValue {
    Digest digest;
    WallTime received{};
    SessionId session;
    std::string payload;
  };

  // One host's writes, all at once.
  void keep(const HostId& host, const HostWrites& writes) {
    if (writes.value) values_[host] = {writes.value->digest, writes.value->received, writes.value->session, writes.value->payload};
    for (const auto& entry : writes.events) events_[host].push_back(entry.event);
    auto& position = positions_[host];
    position.host = host;
    position.lost += writes.lost;
    if (!writes.events.empty()) position.durable = writes.events.back().event.sequence;
    for (const auto& drift : writes.drifts) drifts_[drift.id] = drift;
    if (writes.status) statuses_[host] = *writes.status;
    audits_.insert(audits_.end(), writes.audits.begin(), writes.audits.end());
  }

  // What a collector that starts now finds.
  Loaded loaded() const {
    Loaded loaded;
    for (const auto& [host, row] : records_) loaded.records.push_back(row);
    for (const auto& [host, row] : heads_) loaded.desired.push_back(row);
    for (const auto& [host, row] : values_) {
      loaded.observed.push_back({host, session::ResourceType::kRoutes, row.digest, "", row.received, row.session});
    }
    for (const auto& [host, row] : positions_) loaded.positions.push_back(row);
    for (const auto& [id, row] : drifts_) {
      if (!row.closed) loaded.open_drift.push_back(row);
      loaded.highest_drift = std::max(loaded.highest_drift, id);
    }
    for (const auto& [host, row] : statuses_) {
      store::StatusRow status{host, row.status, row.last_seen, row.agent_version, row.boot_id, ""};
      loaded.statuses.push_back({status, row.last_result});
    }
    loaded.certificates = certificates_;
    return loaded;
  }

  std::map<HostId, store::HostRecord> records_;
  std::map<HostId, DesiredHead> heads_;
  std::map<HostId, StoredValue> values_;
  std::map<HostId, std::vector<session::HostEvent>> events_;
  std::map<HostId, store::EventPosition> positions_;
  std::map<DriftId, session::DriftRecord> drifts_;
  std::map<HostId, HostWrites::Status> statuses_;
  std::vector<HostWrites::Audit> audits_;
  std::vector<store::CertificateRow> certificates_;
};

}  // namespace ondol::collector
