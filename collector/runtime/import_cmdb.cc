// ChangeDesk: the record from CSV. A record decides which layers a host has, so an import may change intent.
#include <fmt/format.h>

#include "collector/runtime/change_desk.h"
#include "common/journal/journal.h"
#include "common/loop/clocks.h"

namespace ondol::collector {
namespace {

constexpr std::size_t kMostNotes = 1'000;

bool is_same_record(store::HostRecord a, const store::HostRecord& b) {
  a.changed = b.changed;
  a.changed_by = b.changed_by;
  return a == b;
}

cmdb::CellNote note_of(const intent::Finding& finding) {
  std::string text = finding.place.file.empty() ? "" : yaml::render(finding.place) + ": ";
  text += finding.message;
  if (!finding.remedy.empty()) text += " (" + finding.remedy + ")";
  if (!finding.hosts.empty()) {
    text += fmt::format("; host{} {}", finding.hosts.size() == 1 ? "" : "s", finding.hosts.front().value);
    if (finding.hosts.size() > 1) text += fmt::format(" and {} more", finding.hosts.size() - 1);
  }
  return {0, "", std::move(text)};
}

}  // namespace

struct ChangeDesk::Import {
  std::vector<store::HostRecord> parsed;
  std::vector<store::HostRecord> fresh;  // added or changed
  WallTime now{};
  Plan plan;
  ImportVerdict verdict;
};

Result<void> ChangeDesk::sort_records(Import& import, const std::string& actor) {
  auto stored = parts_.store.read_records();
  if (!stored) return fail(stored.error());
  std::map<HostId, const store::HostRecord*> known;
  for (const store::HostRecord& record : *stored) known[record.name] = &record;
  for (store::HostRecord& record : import.parsed) {
    const auto old = known.find(record.name);
    if (old != known.end() && is_same_record(record, *old->second)) {
      ++import.verdict.unchanged;
      continue;
    }
    ++(old == known.end() ? import.verdict.added : import.verdict.changed);
    record.changed = import.now;
    record.changed_by = actor;
    import.fresh.push_back(std::move(record));
  }
  return {};
}

Result<void> ChangeDesk::plan_import(Known& known, Import& import) {
  const auto current = parts_.store.read_current_revision();
  if (!current) return fail(current.error());
  if (!*current) return {};  // no intent yet
  store::RevisionRow revision = **current;
  revision.allow_mass_delete = false;  // was meant for that apply alone
  auto planned = plan(known, revision, import.fresh, {Retry::kNo, true, false});
  if (!planned) return fail(planned.error());
  import.plan = *std::move(planned);
  for (const intent::Finding& finding : import.plan.findings) {
    auto& notes = finding.severity == intent::Severity::kError ? import.verdict.errors : import.verdict.warnings;
    if (notes.size() < kMostNotes) notes.push_back(note_of(finding));
  }
  return {};
}

Result<ImportVerdict> ChangeDesk::import_cmdb(std::string_view csv, bool dry_run, const std::string& actor) {
  return known_.with([&](Known& known) { return decide_import(known, csv, dry_run, actor); });
}

Result<ImportVerdict> ChangeDesk::decide_import(Known& known, std::string_view csv, bool dry_run,
                                                const std::string& actor) {
  Import import;
  import.now = read_now().wall;
  cmdb::ParsedCsv parsed = cmdb::parse_csv(csv);
  import.verdict.errors = std::move(parsed.errors);
  if (!import.verdict.errors.empty()) return std::move(import.verdict);
  import.parsed = std::move(parsed.records);
  ONDOL_TRY(load(known));
  ONDOL_TRY(sort_records(import, actor));
  ONDOL_TRY(plan_import(known, import));
  if (dry_run || !import.verdict.errors.empty() || import.fresh.empty()) return std::move(import.verdict);

  const std::string detail = fmt::format("{} added, {} changed, {} unchanged", import.verdict.added,
                                         import.verdict.changed, import.verdict.unchanged);
  store::Batch batch;
  for (const store::HostRecord& record : import.fresh) batch.push_back(store::PutRecord{record});
  for (const store::DesiredRow& row : import.plan.rows) batch.push_back(store::PutDesired{row});
  batch.push_back(store::AppendAudit{import.now, actor, "cmdb.import", "hosts", detail});
  ONDOL_TRY(commit(std::move(batch)));
  journal::write(journal::Event::cmdb_imported, fmt::format("by {}: {}", actor, detail), {{"ACTOR", actor}});
  parts_.runtime.post(RecordsChanged{std::move(import.fresh)});
  committed(known, import.plan);
  return std::move(import.verdict);
}

}  // namespace ondol::collector
