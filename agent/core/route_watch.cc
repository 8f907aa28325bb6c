#include "agent/core/route_watch.h"

namespace ondol::agent {
namespace {

using session::ChangeKind;
using session::RepairOutcome;

bool is_known(const Author& author) { return author != Author{}; }

// The kernel itself tells only of IPv6 routes that it removes; all else without a port came by ioctl, as `route del` does.
bool is_anothers(const TouchedRoute& touched) {
  const bool by_kernel = touched.kind == ChangeKind::kRemoved &&
                         touched.route.route.key.destination.address.family == Family::kIpv6;
  return touched.port != 0 || !by_kernel;
}

session::RouteChange told(const TableChange& change, const std::optional<Author>& author) {
  return {change.key, change.kind, change.before, change.after, change.protocol, author};
}

}  // namespace

bool RouteWatch::on_touched(const RoutesTouched& touched, Turn& turn) {
  bool unsure = false;
  for (const TouchedRoute& one : touched.changes) {
    const auto change = book_.table().apply(one.kind, one.route, unsure);
    if (!change) continue;
    book_.table().mark_ownership(change->key, book_.ledger());
    const bool named = is_known(one.author);
    tell_change(*change, {named ? std::optional(one.author) : std::nullopt, one.seen.boot, is_anothers(one)}, turn);
  }
  return unsure;
}

bool RouteWatch::on_read(const routes::RouteSnapshot& snapshot, Turn& turn) {
  const Merged merged = book_.absorb(snapshot);
  counts_changed_ = merged.counts_changed;
  for (const TableChange& change : merged.changes) {
    // Found by looking: nobody is named. A disappearance is the kernel's own doing as far as anybody can tell.
    tell_change(change, {std::nullopt, turn.now.boot, change.kind != ChangeKind::kVanished}, turn);
  }
  return merged.refreshed;
}

void RouteWatch::tell_change(const TableChange& change, const Writer& writer, Turn& turn) {
  if (book_.wanted(change.key) != nullptr) {
    tell_wanted(change, writer, turn);
  } else {
    tell_unlisted(change, writer, turn);
  }
}

void RouteWatch::tell_wanted(const TableChange& change, const Writer& writer, Turn& turn) {
  if (writer.another) repairs_.touched(change.key, writer.author, turn.now.boot);
  if (repairs_.is_contested(change.key) && !turn.log.admit_contested(change.key, turn.now.boot)) {
    book_.assess(change.key, turn.now.wall);
    return;
  }
  const EventSequence sequence = turn.log.append(told(change, writer.author), turn);
  const auto state = book_.assess(change.key, turn.now.wall);
  if (state != routes::RouteState::kInSync && state != routes::RouteState::kSatisfied) {
    repairs_.want(change.key, {sequence, writer.seen, writer.another, false});
  } else if (change.kind == ChangeKind::kAdded) {  // beside ours
    turn.log.append(session::RouteRepair{change.key, RepairOutcome::kReportOnly, "extra", {}, sequence}, turn);
  }
}

void RouteWatch::tell_unlisted(const TableChange& change, const Writer& writer, Turn& turn) {
  const bool ours = book_.ledger().entries.contains(change.key);
  if (!ours && book_.is_hidden({{change.key, change.after ? *change.after : *change.before}, change.protocol, {}})) return;
  if (!ours && !turn.log.admit_unlisted(turn.now.boot)) return;
  const EventSequence sequence = turn.log.append(told(change, writer.author), turn);
  if (ours && !change.after) book_.disown(change.key);
  const bool is_extra = !ours && change.after && book_.confirmed() && book_.confirmed()->routes;
  if (is_extra) {
    turn.log.append(session::RouteRepair{change.key, RepairOutcome::kReportOnly, "extra", {}, sequence}, turn);
  }
}

}  // namespace ondol::agent
