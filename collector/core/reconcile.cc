#include "collector/core/reconcile.h"

#include <algorithm>

namespace ondol::collector {
namespace {

using routes::RouteState;
using session::DriftOutcome;
using session::DriftRecord;
using session::RouteObjectState;

const RouteObjectState* find_said(const session::RoutesReport& report, const routes::RouteKey& key) {
  const auto& list = report.not_in_sync;
  const auto at = std::lower_bound(list.begin(), list.end(), key,
                                   [](const RouteObjectState& a, const routes::RouteKey& k) { return a.key < k; });
  return at != list.end() && at->key == key ? &*at : nullptr;
}

// While a host does not yet run what is desired, only what cannot come from the gap is drift: hand-made routes that no
// generation will touch, and what the agent itself says of the generation it runs.
bool is_believable(const routes::RouteDifference& difference, const RouteObjectState* said,
                   const routes::RoutesIntent& desired) {
  if (difference.kind == DriftKind::kExtra) {
    return difference.observed_protocol != routes::kOurProtocol && desired.unlisted == routes::Unlisted::kReport;
  }
  return said != nullptr && said->state != RouteState::kConflict;
}

bool is_still_there(const DriftRecord& drift, const routes::RouteSnapshot& snapshot) {
  const auto& list = snapshot.routes;
  auto at = std::lower_bound(list.begin(), list.end(), drift.key,
                             [](const routes::ObservedRoute& a, const routes::RouteKey& k) { return a.route.key < k; });
  if (drift.kind == DriftKind::kMissing) return at == list.end() || at->route.key != drift.key;
  for (; at != list.end() && at->route.key == drift.key; ++at) {
    if (drift.observed == at->route.value) return true;
  }
  return false;
}

void count(DriftCounts& counts, DriftKind kind) {
  switch (kind) {
    case DriftKind::kMissing: ++counts.missing; return;
    case DriftKind::kExtra: ++counts.extra; return;
    case DriftKind::kChanged: ++counts.changed; return;
  }
}

void refine(DriftRecord& record, const routes::RouteDifference& difference, const RouteObjectState* said) {
  record.desired = difference.desired;
  record.observed = difference.observed;
  if (difference.kind == DriftKind::kExtra) return;
  record.state = said != nullptr ? said->state : difference.state;
  if (said != nullptr && !said->reason.empty()) record.reason = said->reason;
  const bool contested = said != nullptr && said->state == RouteState::kContested;
  record.outcome = contested ? DriftOutcome::kContested : DriftOutcome::kOpen;
  if (contested && !record.author) record.author = said->contender;
}

}  // namespace

void DriftBook::load(const DriftRecord& open) { entries_[{open.key, open.kind}] = {open, EventSequence{}}; }

DriftBook::Entry* DriftBook::open_entry(const Key& key, Step& step) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= kMaxDriftPerHost) {
      ++overflow_;
      return nullptr;
    }
    DriftRecord record;
    record.id = step.next;
    record.host = host_;
    record.key = key.route;
    record.kind = key.kind;
    record.opened = step.now;
    ++step.next.value;
    count(step.out.opened, key.kind);
    return &entries_.emplace(key, Entry{std::move(record), {}}).first->second;
  }
  Entry& entry = found->second;
  if (!entry.record.closed) return &entry;
  DriftRecord again;  // same identity and first time, nothing of the flap before
  again.id = entry.record.id;
  again.host = host_;
  again.key = key.route;
  again.kind = key.kind;
  again.opened = entry.record.opened;
  again.count = entry.record.count + 1;
  entry = {std::move(again), {}};
  count(step.out.opened, key.kind);
  return &entry;
}

void DriftBook::close_if_open(const Key& key, Step& step) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.record.closed) return;
  DriftRecord& record = found->second.record;
  record.closed = step.now;
  record.outcome = DriftOutcome::kResolved;
  step.out.touched.push_back(record);
}

// ---- comparison ----

DriftOutcomes DriftBook::compare(const Comparison& with, WallTime now, DriftId& next) {
  Step step{now, next, {}};
  Differences seen;
  std::vector<Key> gap;  // differences that only the pending intent makes
  if (with.desired != nullptr) {
    for (auto& difference : routes::diff_routes(*with.desired, with.observed->snapshot)) {
      seen.emplace(Key{difference.key, difference.kind}, std::move(difference));
    }
  }
  for (const auto& [key, difference] : seen) {
    const RouteObjectState* said = find_said(*with.observed, key.route);
    const bool torn = with.observed->snapshot.truncated && key.kind == DriftKind::kMissing && said == nullptr;
    if (torn) continue;
    if (with.settled || is_believable(difference, said, *with.desired)) {
      open_difference(key, difference, said, step);
    } else if (is_other_story(key, difference, said)) {
      gap.push_back(key);
    }
  }
  for (const Key& key : gap) seen.erase(key);
  close_unseen(with, seen, step);
  return std::move(step.out);
}

// A difference that comes from pending intent is no reason to keep a record open that told of something else.
bool DriftBook::is_other_story(const Key& key, const routes::RouteDifference& difference, const RouteObjectState* said) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.record.closed) return false;
  if (key.kind != DriftKind::kExtra) return said == nullptr;
  return difference.observed_protocol == routes::kOurProtocol && found->second.record.observed != difference.observed;
}

void DriftBook::open_difference(const Key& key, const routes::RouteDifference& difference, const RouteObjectState* said,
                                Step& step) {
  const auto found = entries_.find(key);
  const bool was_open = found != entries_.end() && !found->second.record.closed;
  if (found != entries_.end() && found->second.record.outcome == DriftOutcome::kRepaired &&
      step.now - *found->second.record.closed < kStaleWindow) {
    step.out.look_again = true;
    return;
  }
  Entry* entry = open_entry(key, step);
  if (entry == nullptr) return;
  const DriftRecord before = entry->record;
  refine(entry->record, difference, said);
  if (!was_open || entry->record != before) step.out.touched.push_back(entry->record);
}

void DriftBook::close_unseen(const Comparison& with, const Differences& seen, Step& step) {
  const bool by_intent = with.intent_changed || !with.settled || with.desired == nullptr;
  for (auto& [key, entry] : entries_) {
    DriftRecord& record = entry.record;
    if (record.closed || seen.contains(key)) continue;
    if (with.observed->snapshot.truncated && key.kind == DriftKind::kExtra && with.desired != nullptr) continue;
    record.closed = step.now;
    record.outcome = by_intent && is_still_there(record, with.observed->snapshot) ? DriftOutcome::kAccepted
                                                                                  : DriftOutcome::kResolved;
    step.out.touched.push_back(record);
  }
}

void DriftBook::forget(WallTime now) {
  std::erase_if(entries_, [now](const auto& entry) {
    const auto& closed = entry.second.record.closed;
    return closed && now - *closed > kFlapWindow;
  });
}

DriftCounts DriftBook::counts() const {
  DriftCounts counts;
  for (const auto& [key, entry] : entries_) {
    if (entry.record.closed) continue;
    if (entry.record.outcome == DriftOutcome::kContested) ++counts.contested;
    count(counts, key.kind);
  }
  return counts;
}

std::vector<DriftRecord> DriftBook::open() const {
  std::vector<DriftRecord> list;
  for (const auto& [key, entry] : entries_) {
    if (!entry.record.closed) list.push_back(entry.record);
  }
  return list;
}

}  // namespace ondol::collector
