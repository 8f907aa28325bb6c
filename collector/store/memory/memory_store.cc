#include <algorithm>

#include "collector/store/audit_chain.h"
#include "collector/store/check_write.h"
#include "collector/store/store.h"
#include "common/base/overload.h"
#include "common/loop/clocks.h"
#include "common/loop/guarded.h"

namespace ondol::store {
namespace {

using TypedHost = std::pair<HostId, session::ResourceType>;

struct Tables {
  std::map<HostId, HostRecord> records;
  std::map<Revision, RevisionRow> revisions;
  std::optional<Revision> current_revision;
  std::vector<CommitRow> commits;
  std::map<HostId, DesiredRow> desired;
  std::map<TypedHost, ObservedRow> observed;
  std::map<HostId, std::map<EventSequence, EventRow>> events;
  std::map<HostId, EventPosition> positions;
  std::map<DriftId, DriftRow> drift;
  std::map<TypedHost, StatusRow> statuses;
  std::map<Sha256, TokenRow> tokens;
  std::map<std::string, CertificateRow> certificates;
  std::vector<AuditRow> audit;
};

// What earlier writes of the same batch would have made of what a later one is refused for.
struct Refusals {
  const Tables& tables;
  std::map<HostId, Generation> generations;
  std::map<Sha256, bool> token_used;

  Result<void> check(const PutDesired& write) {
    const auto stored = tables.desired.find(write.row.host);
    Generation& last = generations.try_emplace(write.row.host).first->second;
    if (stored != tables.desired.end()) last = std::max(last, stored->second.generation);
    if (write.row.generation <= last) {
      return fail(Errc::kConflict, "a generation of " + write.row.host.value + " that is as new is stored already");
    }
    last = write.row.generation;
    return {};
  }
  std::optional<bool> used(const Sha256& hash) const {
    if (const auto here = token_used.find(hash); here != token_used.end()) return here->second;
    const auto stored = tables.tokens.find(hash);
    if (stored == tables.tokens.end()) return std::nullopt;
    return stored->second.used.has_value();
  }
  Result<void> check(const PutToken& write) {
    if (used(write.row.hash)) return fail(Errc::kAlreadyExists, "this token is stored already");
    token_used[write.row.hash] = write.row.used.has_value();
    return {};
  }
  Result<void> check(const UseToken& write) {
    const auto state = used(write.hash);
    if (!state) return fail(Errc::kConflict, "this token is not known");
    if (*state) return fail(Errc::kConflict, "this token was used already");
    token_used[write.hash] = true;
    return {};
  }
  template <typename Other>
  Result<void> check(const Other&) { return {}; }
};

Result<void> check_batch(const Tables& tables, const Batch& batch) {
  Refusals refusals{tables, {}, {}};
  for (std::size_t index = 0; index < batch.size(); ++index) {
    Result<void> checked = check_write(batch[index]);
    if (checked) checked = std::visit([&](const auto& write) { return refusals.check(write); }, batch[index]);
    if (checked) continue;
    checked.error().where = position_in_batch(index);
    return checked;
  }
  return {};
}

void append_events(Tables& tables, const AppendEvents& write) {
  EventPosition& position = tables.positions[write.host];
  position.host = write.host;
  position.lost += write.lost;
  for (const EventRow& row : write.rows) {
    tables.events[write.host].try_emplace(row.sequence, row);
    position.durable = std::max(position.durable, row.sequence);
  }
}

void put_certificate(Tables& tables, const CertificateRow& row) {
  CertificateRow& stored = tables.certificates[row.serial];
  const bool revoked = stored.revoked || row.revoked;
  stored = row;
  stored.revoked = revoked;
}

void revoke(Tables& tables, const HostId& host) {
  for (auto& [serial, row] : tables.certificates) {
    if (row.host == host) row.revoked = true;
  }
}

void prune_events(std::map<EventSequence, EventRow>& events, const PruneHost& write) {
  const std::size_t before = events.size();
  auto at = events.begin();
  for (std::size_t looked = 0; looked < write.most_rows && looked < before; ++looked) {
    const std::size_t newer = before - looked - 1;
    const bool is_old = at->second.received < write.events_from && newer >= write.always_keep_events;
    at = newer >= write.keep_events || is_old ? events.erase(at) : std::next(at);
  }
}

void prune_certificates(Tables& tables, const PruneHost& write) {
  std::vector<std::pair<WallTime, std::string>> newest;
  for (const auto& [serial, row] : tables.certificates) {
    if (row.host == write.host) newest.emplace_back(row.not_after, serial);
  }
  std::sort(newest.rbegin(), newest.rend());
  std::size_t gone = 0;
  for (std::size_t i = newest.size(); i-- > write.keep_certificates && gone < write.most_rows;) {
    if (newest[i].first < write.now) gone += tables.certificates.erase(newest[i].second);
  }
}

void prune_drift(std::map<DriftId, DriftRow>& drift, const PruneHost& write) {
  std::vector<DriftRow> rows;  // of the host, oldest first
  for (const auto& [id, row] : drift) {
    if (row.host == write.host) rows.push_back(row);
  }
  std::size_t looked = 0;
  for (std::size_t i = 0; i < rows.size() && looked < write.most_rows; ++i) {
    if (!rows[i].closed) continue;
    ++looked;
    const std::size_t newer = rows.size() - i - 1;
    const bool is_old = *rows[i].closed < write.events_from && newer >= write.always_keep_drift;
    if (newer >= write.keep_drift || is_old) drift.erase(rows[i].id);
  }
}

void put_revision(Tables& tables, const PutRevision& write) {
  const RevisionRow& row = write.row;
  tables.revisions[row.id] = row;
  tables.current_revision = row.id;
  tables.commits.push_back({tables.commits.size() + 1, row.id, row.message, row.author, row.committed, row.allow_mass_delete,
                            write.hosts_changed, write.hosts_total});
}

void append_audit(Tables& tables, const AppendAudit& write) {
  const AuditHead head = tables.audit.empty() ? AuditHead{} : AuditHead{tables.audit.size(), tables.audit.back().chain};
  tables.audit.push_back(next_audit_row(head, write));
}

void store_write(Tables& t, const Write& write) {
  std::visit(Overload{
                 [&](const PutRecord& w) { t.records[w.row.name] = w.row; },
                 [&](const DeleteRecord& w) { t.records.erase(w.host); },
                 [&](const PutRevision& w) { put_revision(t, w); },
                 [&](const PutDesired& w) { t.desired[w.row.host] = w.row; },
                 [&](const PutObserved& w) { t.observed[{w.row.host, w.row.type}] = w.row; },
                 [&](const AppendEvents& w) { append_events(t, w); },
                 [&](const PutDrift& w) { t.drift[w.row.id] = w.row; },
                 [&](const PutStatus& w) { t.statuses[{w.row.host, w.row.status.type}] = w.row; },
                 [&](const PutToken& w) { t.tokens[w.row.hash] = w.row; },
                 [&](const UseToken& w) { t.tokens[w.hash].used = w.at; },
                 [&](const PutCertificate& w) { put_certificate(t, w.row); },
                 [&](const RevokeCertificates& w) { revoke(t, w.host); },
                 [&](const PruneHost& w) { prune_events(t.events[w.host], w), prune_certificates(t, w), prune_drift(t.drift, w); },
                 [&](const AppendAudit& w) { append_audit(t, w); },
             },
             write);
}

template <typename Map, typename Key>
std::optional<typename Map::mapped_type> found(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? std::nullopt : std::optional(it->second);
}

template <typename Map>
std::vector<typename Map::mapped_type> values_of(const Map& map) {
  std::vector<typename Map::mapped_type> values;
  values.reserve(map.size());
  for (const auto& [key, value] : map) values.push_back(value);
  return values;
}

// The last `limit` values that `wanted` takes, last first.
template <typename Map, typename Wanted>
std::vector<typename Map::mapped_type> newest_of(const Map& map, std::size_t limit, Wanted wanted) {
  std::vector<typename Map::mapped_type> values;
  for (auto it = map.rbegin(); it != map.rend() && values.size() < limit; ++it) {
    if (wanted(it->second)) values.push_back(it->second);
  }
  return values;
}

class MemoryStore final : public Store {
 public:
  Result<void> commit(const Batch& batch) override {
    return tables_.with([&](Tables& tables) -> Result<void> {
      ONDOL_TRY(check_batch(tables, batch));
      for (const Write& write : batch) store_write(tables, write);
      return {};
    });
  }
  Result<void> checkpoint() override { return {}; }

  Result<std::vector<HostRecord>> read_records() override {
    return tables_.with([](Tables& t) { return values_of(t.records); });
  }
  Result<std::optional<RevisionRow>> read_current_revision() override {
    return tables_.with([](Tables& t) { return t.current_revision ? found(t.revisions, *t.current_revision) : std::nullopt; });
  }
  Result<std::optional<RevisionRow>> read_revision(const Revision& id) override {
    return tables_.with([&](Tables& t) { return found(t.revisions, id); });
  }
  Result<std::vector<CommitRow>> read_commits(std::size_t limit) override {
    return tables_.with([&](Tables& t) {
      const std::size_t count = std::min(limit, t.commits.size());
      return std::vector<CommitRow>(t.commits.rbegin(), t.commits.rbegin() + static_cast<std::ptrdiff_t>(count));
    });
  }
  Result<std::optional<LayerFile>> read_layer_file(const Revision& id, const std::string& path) override {
    return tables_.with([&](Tables& t) -> std::optional<LayerFile> {
      const auto revision = t.revisions.find(id);
      if (revision == t.revisions.end()) return std::nullopt;
      const auto& files = revision->second.files;
      const auto file = std::ranges::find(files, path, &LayerFile::path);
      return file == files.end() ? std::nullopt : std::optional(*file);
    });
  }
  Result<std::vector<DesiredRow>> read_desired() override {
    return tables_.with([](Tables& t) { return values_of(t.desired); });
  }
  Result<std::optional<DesiredRow>> read_desired(const HostId& host) override {
    return tables_.with([&](Tables& t) { return found(t.desired, host); });
  }
  Result<std::optional<ObservedRow>> read_observed(const HostId& host, session::ResourceType type) override {
    return tables_.with([&](Tables& t) { return found(t.observed, TypedHost{host, type}); });
  }
  Result<std::vector<ObservedRow>> read_observed_heads() override {
    auto rows = tables_.with([](Tables& t) { return values_of(t.observed); });
    for (ObservedRow& row : rows) row.payload.clear();
    return rows;
  }
  Result<std::vector<EventRow>> read_events(const HostId& host, std::size_t limit) override {
    return tables_.with([&](Tables& t) { return newest_of(t.events[host], limit, [](const EventRow&) { return true; }); });
  }
  Result<std::vector<EventPosition>> read_event_positions() override {
    return tables_.with([](Tables& t) { return values_of(t.positions); });
  }
  Result<std::vector<DriftRow>> read_open_drift() override {
    auto rows = tables_.with([](Tables& t) { return values_of(t.drift); });
    std::erase_if(rows, [](const DriftRow& row) { return row.closed.has_value(); });
    return rows;
  }
  Result<std::vector<DriftRow>> read_drift(const std::optional<HostId>& host, std::size_t limit, DriftId below) override {
    const auto wanted = [&](const DriftRow& row) { return (!host || row.host == *host) && (below.value == 0 || row.id < below); };
    return tables_.with([&](Tables& t) { return newest_of(t.drift, limit, wanted); });
  }
  Result<std::optional<DriftRow>> read_drift_by_id(DriftId id) override {
    return tables_.with([&](Tables& t) { return found(t.drift, id); });
  }
  Result<DriftId> read_highest_drift_id() override {
    return tables_.with([](Tables& t) { return t.drift.empty() ? DriftId{} : t.drift.rbegin()->first; });
  }
  Result<std::vector<StatusRow>> read_statuses() override {
    return tables_.with([](Tables& t) { return values_of(t.statuses); });
  }
  Result<std::optional<TokenRow>> read_token(const Sha256& hash) override {
    return tables_.with([&](Tables& t) { return found(t.tokens, hash); });
  }
  Result<std::optional<CertificateRow>> read_certificate(const std::string& serial) override {
    return tables_.with([&](Tables& t) { return found(t.certificates, serial); });
  }
  Result<std::vector<CertificateRow>> read_certificates() override {
    auto rows = tables_.with([](Tables& t) { return values_of(t.certificates); });
    const WallTime oldest = read_now().wall - kCertificateMemory;
    std::erase_if(rows, [&](const CertificateRow& row) { return row.not_after < oldest; });
    return rows;
  }
  Result<std::vector<AuditRow>> read_audit(std::size_t limit) override {
    auto rows = tables_.with([](Tables& t) { return t.audit; });
    std::reverse(rows.begin(), rows.end());
    rows.resize(std::min(rows.size(), limit));
    return rows;
  }
  Result<void> verify_audit() override {
    const auto rows = tables_.with([](Tables& t) { return t.audit; });
    AuditHead reached;
    for (const AuditRow& row : rows) ONDOL_TRY(verify_link(reached, row));
    return {};
  }
  std::string engine() const override { return "memory"; }

 private:
  Guarded<Tables> tables_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace ondol::store
