// DriftBook: what events say. See reconcile.h.
#include <algorithm>

#include "collector/core/reconcile.h"
#include "common/base/overload.h"

namespace ondol::collector {
namespace {

using routes::RouteState;
using session::ChangeKind;
using session::DriftOutcome;
using session::DriftRecord;
using session::RepairOutcome;

// A comparison may show a difference and its end before the events that explain it arrive.
constexpr Seconds kLateEvents{5};

const routes::Route* find_wanted(const routes::RoutesIntent& desired, const routes::RouteKey& key) {
  const auto& list = desired.routes;
  const auto at = std::lower_bound(list.begin(), list.end(), key,
                                   [](const routes::Route& a, const routes::RouteKey& k) { return a.key < k; });
  return at != list.end() && at->key == key ? &*at : nullptr;
}

bool is_hidden(const session::RouteChange& change, const routes::RoutesIntent& desired) {
  if (desired.unlisted == routes::Unlisted::kIgnore) return true;
  routes::ObservedRoute foreign;
  foreign.route.key = change.key;
  if (change.after) foreign.route.value = *change.after;
  foreign.protocol = change.protocol;
  return routes::is_ignored(desired, foreign) || !routes::is_compared(change.protocol);
}

void fill(DriftRecord& record, RouteState state, DriftOutcome outcome, const std::string& reason) {
  if (record.kind != DriftKind::kExtra) record.state = state;
  record.outcome = outcome;
  record.reason = reason;
}

// False when the repair leaves the record as it was.
bool apply_repair(DriftRecord& record, const session::RouteRepair& repair, WallTime now) {
  const RouteState state = record.state.value_or(RouteState::kMissing);
  const auto or_else = [&](const char* word) { return repair.reason.empty() ? std::string(word) : repair.reason; };
  if (record.closed && repair.outcome != RepairOutcome::kRepaired) return false;
  switch (repair.outcome) {
    case RepairOutcome::kRepaired:
      if (!record.closed) record.closed = now;
      record.repair_latency = repair.latency;
      fill(record, state, DriftOutcome::kRepaired, "");
      return true;
    case RepairOutcome::kFailed: fill(record, state, DriftOutcome::kOpen, or_else("failed")); return true;
    case RepairOutcome::kWaiting:
      fill(record, RouteState::kWaiting, DriftOutcome::kOpen, or_else("for its link"));
      return true;
    case RepairOutcome::kContested:
      fill(record, RouteState::kContested, DriftOutcome::kContested, or_else("another writer keeps changing it"));
      return true;
    case RepairOutcome::kHeld: fill(record, state, DriftOutcome::kOpen, or_else("held")); return true;
    case RepairOutcome::kReportOnly: fill(record, state, DriftOutcome::kOpen, or_else("report only")); return true;
  }
  return false;
}

}  // namespace

DriftOutcomes DriftBook::note(const session::HostEvent& event, const Judgement& against, WallTime now, DriftId& next) {
  Step step{now, next, {}};
  if (against.desired == nullptr) return {};
  std::visit(Overload{[&](const session::RouteChange& c) { note_change(event, c, against, step); },
                      [&](const session::RouteRepair& r) { note_repair(r, against, step); },
                      [](const session::GenerationResult&) {}, [](const session::ObserverNotice&) {}},
             event.what);
  return std::move(step.out);
}

void DriftBook::note_change(const session::HostEvent& event, const session::RouteChange& change,
                            const Judgement& against, Step& step) {
  const routes::Route* wanted = find_wanted(*against.desired, change.key);
  switch (change.kind) {
    case ChangeKind::kRemoved:
    case ChangeKind::kVanished: note_gone(event, change, wanted, against, step); return;
    case ChangeKind::kAdded:
    case ChangeKind::kReplaced: note_there(event, change, wanted, against, step); return;
  }
}

void DriftBook::note_gone(const session::HostEvent& event, const session::RouteChange& change,
                          const routes::Route* wanted, const Judgement& against, Step& step) {
  const bool ours = change.protocol == routes::kOurProtocol;
  const bool was_wanted = wanted == nullptr || !change.before || routes::satisfies(*change.before, wanted->value);
  const auto extra = entries_.find({change.key, DriftKind::kExtra});
  const bool was_extra = extra != entries_.end() && !extra->second.record.closed;
  if (was_extra && (wanted == nullptr || !was_wanted)) return close_if_open({change.key, DriftKind::kExtra}, step);
  if (wanted == nullptr && !ours) return;
  if (!against.settled && !ours) return;  // never applied here: pending, not drift
  close_if_open({change.key, DriftKind::kChanged}, step);
  tell(DriftKind::kMissing, event, change, wanted, step);
}

void DriftBook::note_there(const session::HostEvent& event, const session::RouteChange& change,
                           const routes::Route* wanted, const Judgement& against, Step& step) {
  if (wanted == nullptr) {
    if (!is_hidden(change, *against.desired)) tell(DriftKind::kExtra, event, change, nullptr, step);
    return;
  }
  const auto missing = entries_.find({change.key, DriftKind::kMissing});
  const bool was_missing = missing != entries_.end() && !missing->second.record.closed;
  close_if_open({change.key, DriftKind::kMissing}, step);
  if (change.after && routes::satisfies(*change.after, wanted->value)) {
    return close_if_open({change.key, DriftKind::kChanged}, step);
  }
  const bool beside = change.kind == ChangeKind::kAdded && !was_missing;  // `ip route append`
  if (!against.settled && !beside && change.kind == ChangeKind::kAdded) return;
  tell(beside ? DriftKind::kExtra : DriftKind::kChanged, event, change, wanted, step);
}

void DriftBook::tell(DriftKind kind, const session::HostEvent& event, const session::RouteChange& change,
                     const routes::Route* wanted, Step& step) {
  const Key key{change.key, kind};
  const auto found = entries_.find(key);
  const bool late = found != entries_.end() && found->second.record.closed && !found->second.record.change &&
                    step.now - *found->second.record.closed < kLateEvents;
  Entry* entry = late ? &found->second : open_entry(key, step);
  if (entry == nullptr) return;
  DriftRecord& record = entry->record;
  if (entry->told_by.value != 0 && !late) ++record.count;  // disturbed again before it was put back
  entry->told_by = event.sequence;
  record.happened = event.happened;
  record.change = change.kind;
  record.author = change.author;
  if (wanted != nullptr && kind != DriftKind::kExtra) record.desired = wanted->value;
  if (wanted == nullptr && kind == DriftKind::kMissing) record.desired = change.before;
  record.observed = change.after;
  if (kind == DriftKind::kMissing) record.state = RouteState::kMissing;
  if (kind == DriftKind::kChanged) record.state = RouteState::kChanged;
  step.out.touched.push_back(record);
}

DriftBook::Entry* DriftBook::find_answered(const session::RouteRepair& repair, WallTime now) {
  Entry* open = nullptr;
  Entry* late = nullptr;
  for (const DriftKind kind : {DriftKind::kMissing, DriftKind::kChanged, DriftKind::kExtra}) {
    const auto found = entries_.find({repair.key, kind});
    if (found == entries_.end()) continue;
    Entry& entry = found->second;
    if (repair.answers.value != 0 && entry.told_by == repair.answers) return &entry;
    if (!entry.record.closed && open == nullptr) open = &entry;
    if (entry.record.closed && entry.record.outcome == DriftOutcome::kResolved &&
        now - *entry.record.closed < kLateEvents) {
      late = &entry;
    }
  }
  return open != nullptr ? open : late;
}

void DriftBook::note_repair(const session::RouteRepair& repair, const Judgement& against, Step& step) {
  Entry* entry = find_answered(repair, step.now);
  if (entry == nullptr) {
    const routes::Route* wanted = find_wanted(*against.desired, repair.key);
    if (repair.outcome != RepairOutcome::kRepaired || wanted == nullptr) return;
    entry = open_entry({repair.key, DriftKind::kMissing}, step);  // nobody told of the change itself
    if (entry == nullptr) return;
    entry->record.desired = wanted->value;
    entry->record.state = RouteState::kMissing;
  }
  if (apply_repair(entry->record, repair, step.now)) step.out.touched.push_back(entry->record);
}

}  // namespace ondol::collector
