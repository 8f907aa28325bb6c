#include "agent/runtime/interpreter.h"

#include <algorithm>

#include "agent/runtime/translate.h"
#include "common/base/failpoint.h"
#include "common/journal/journal.h"
#include "common/loop/clocks.h"
#include "common/wire/routes_wire.h"

namespace ondol::agent {
namespace {

constexpr std::size_t kBatch = 512;                // operations in one kernel batch
constexpr int kReads = 3;                          // until nothing happened between the read and the events
constexpr std::size_t kEventBytes = 192u << 10;    // of one batch of events: a message is 256 KiB at most

std::uint64_t seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Interpreter::Interpreter(AgentCore& core, Edges edges, Ports ports)
    : core_(core), edges_(edges), ports_(std::move(ports)), random_(seed()), spool_oldest_(edges_.spool.oldest()) {}

void Interpreter::boot() {
  check_guard();
  StoredState stored = edges_.state.read();
  stored.next_event = edges_.spool.next();
  stored.oldest_event = edges_.spool.oldest();
  stored.unproven_event = edges_.spool.unproven();
  feed(Booted{std::move(stored)});
}

void Interpreter::feed(Happening what) {
  if (!running_) check_guard();
  queue_.push_back(std::move(what));
  if (!running_) run_queue();
}

void Interpreter::check_guard() {
  if (auto rules = edges_.guard.reload()) queue_.push_back(GuardLoaded{std::move(*rules)});
}

void Interpreter::run_queue() {
  running_ = true;
  while (!queue_.empty()) {
    Happening next = std::move(queue_.front());
    queue_.pop_front();
    if (ports_.saw) ports_.saw(next);
    Effects effects = core_.step({read_now(), random_(), std::move(next)});
    for (Effect& effect : effects) {
      if (ports_.did) ports_.did(effect);
      std::visit([this](auto& known) { perform(known); }, effect);
    }
  }
  running_ = false;
}

void Interpreter::drain_kernel() {
  queue_drained(edges_.routes.drain());
  if (running_ || queue_.empty()) return;
  check_guard();
  run_queue();
}

void Interpreter::queue_drained(routes::Drained drained) {
  if (!drained.changes.empty()) queue_.push_back(RoutesTouched{touched_routes(std::move(drained.changes))});
  if (drained.overrun || drained.links_changed || !drained.error.empty()) {
    queue_.push_back(KernelNotice{drained.overrun, drained.links_changed, std::move(drained.error)});
  }
}

// The core learns of what happened up to the read before it learns what was read.
void Interpreter::perform(ReadRoutes& effect) {
  RoutesRead read{effect.purpose, {}, {}};
  edges_.routes.keep_holders_of(std::move(effect.keys));
  for (int tries = 0; tries < kReads; ++tries) {
    queue_drained(edges_.routes.drain());
    read.snapshot = edges_.routes.snapshot(effect.tables);
    routes::Drained meanwhile = edges_.routes.drain();
    const bool quiet = meanwhile.changes.empty() && !meanwhile.overrun;
    queue_drained(std::move(meanwhile));
    if (quiet || !read.snapshot) break;
  }
  auto links = edges_.routes.links();
  if (links) {
    read.links = link_facts(std::move(*links));
  } else {
    read.links = fail(links.error());
  }
  queue_.push_back(std::move(read));
  if (effect.purpose == ReadPurpose::kReadBack) ONDOL_FAILPOINT("after_readback");
}

void Interpreter::perform(ApplyRoutes& effect) {
  RoutesApplied applied;
  applied.purpose = effect.purpose;
  for (std::size_t from = 0; from < effect.operations.size(); from += kBatch) {
    const auto begin = effect.operations.begin() + static_cast<std::ptrdiff_t>(from);
    const auto size = std::min(kBatch, effect.operations.size() - from);
    const bool whole = size == effect.operations.size();
    append_report(applied,
                  edges_.routes.apply(whole ? effect.operations
                                            : std::vector<routes::RouteOp>(begin, begin + static_cast<std::ptrdiff_t>(size))),
                  from);
    if (effect.purpose == ApplyPurpose::kGeneration) ONDOL_FAILPOINT("mid_apply");
    if (effect.purpose == ApplyPurpose::kUndo) ONDOL_FAILPOINT("mid_undo");
  }
  applied.finished = read_now();
  queue_.push_back(std::move(applied));
  if (effect.purpose == ApplyPurpose::kGeneration) ONDOL_FAILPOINT("after_apply");
  if (effect.purpose == ApplyPurpose::kUndo) ONDOL_FAILPOINT("after_undo");
}

void Interpreter::perform(Preflight& effect) {
  if (ports_.preflight) ports_.preflight(effect);
  ONDOL_FAILPOINT("after_preflight");
}
void Interpreter::perform(RunProbes& effect) {
  if (ports_.run_probes) ports_.run_probes(effect);
  switch (effect.phase) {
    case ProbePhase::kBefore: ONDOL_FAILPOINT("probes_before"); return;
    case ProbePhase::kAfter: ONDOL_FAILPOINT("probes_after"); return;
    case ProbePhase::kAfterUndo: ONDOL_FAILPOINT("probes_after_undo"); return;
  }
}
void Interpreter::perform(MakeContact& effect) {
  if (ports_.make_contact) ports_.make_contact(effect);
  const bool after = effect.contact.phase == session::ContactPhase::kAfter;
  if (after) ONDOL_FAILPOINT("contact_after");
}
void Interpreter::perform(ArmUndo& effect) {
  if (ports_.arm_undo) ports_.arm_undo(effect);
  ONDOL_FAILPOINT("after_armed");
}
void Interpreter::perform(DisarmUndo& effect) {
  if (ports_.disarm_undo) ports_.disarm_undo(effect);
  ONDOL_FAILPOINT("after_disarmed");
}

void Interpreter::perform(PersistHighest& effect) {
  answer(StoredItem::kHighest, edges_.state.write_highest(effect.highest));
  ONDOL_FAILPOINT("after_highest");
}
void Interpreter::perform(PersistJournal& effect) {
  answer(StoredItem::kJournal, edges_.state.write_journal(effect.journal));
  ONDOL_FAILPOINT("after_journal");
}
void Interpreter::perform(PersistPrevious& effect) {
  answer(StoredItem::kPrevious, edges_.state.write_previous(effect.state));
  ONDOL_FAILPOINT("after_previous");
}
void Interpreter::perform(PersistConfirmed& effect) {
  answer(StoredItem::kConfirmed, edges_.state.write_confirmed(effect.state));
  ONDOL_FAILPOINT("after_confirmed");
}
void Interpreter::perform(PersistLedger& effect) {
  answer(StoredItem::kLedger, edges_.state.write_ledger(effect.ledger));
  ONDOL_FAILPOINT("after_ledger");
}
void Interpreter::perform(RemoveJournal&) {
  answer(StoredItem::kJournalRemoval, edges_.state.remove_journal());
  ONDOL_FAILPOINT("after_journal_removed");
}
void Interpreter::perform(PersistHold& effect) { answer(StoredItem::kHold, edges_.state.write_hold(effect.held)); }
void Interpreter::perform(PersistChanges& effect) { answer(StoredItem::kChanges, edges_.state.write_changes(effect.changes)); }

void Interpreter::perform(AppendEvent& effect) {
  edges_.spool.append(effect.event);
  note_spool();
}

void Interpreter::perform(TruncateSpool& effect) {
  edges_.spool.truncate(effect.through);
  spool_oldest_ = edges_.spool.oldest();
}

void Interpreter::perform(SettleNumbers& effect) {
  edges_.spool.settle(effect.from, effect.by);
  spool_oldest_ = edges_.spool.oldest();
}

void Interpreter::note_spool() {
  if (edges_.spool.problem() != spool_problem_) {
    spool_problem_ = edges_.spool.problem();
    if (!spool_problem_.empty()) write_notice({Notice::kStorageFailed, spool_problem_});
  }
  if (edges_.spool.oldest() <= spool_oldest_) return;
  spool_oldest_ = edges_.spool.oldest();
  queue_.push_back(SpoolTrimmed{spool_oldest_});
}

void Interpreter::perform(OpenSession&) {
  if (ports_.open_session) ports_.open_session();
}
void Interpreter::perform(CloseSession&) {
  if (ports_.close_session) ports_.close_session();
}
void Interpreter::perform(SendMessage& effect) {
  if (ports_.send) ports_.send(effect.message);
}

void Interpreter::perform(SendEvents& effect) {
  auto batch = edges_.spool.read(effect.from, kEventBytes);
  if (!batch || batch->events.empty()) {
    write_notice({Notice::kStorageFailed, batch ? "events are missing in the spool" : render(batch.error())});
    if (ports_.close_session) ports_.close_session();  // dialled again later: nothing is sent in a circle
    return;
  }
  const EventSequence through = batch->events.back().sequence;
  if (ports_.send) ports_.send(std::move(*batch));
  queue_.push_back(EventsSent{through});
}

void Interpreter::perform(EncodeReport& effect) {
  payload_ = wire::encode(effect.report);
  digest_ = digest_of(payload_);
  queue_.push_back(ReportEncoded{digest_});
}

void Interpreter::perform(SendValue&) {
  if (ports_.send) ports_.send(session::ValueReport{digest_, payload_, {}});
}

void Interpreter::perform(Tell& effect) { write_notice(effect); }

void Interpreter::perform(AnnounceReady&) {
  if (ports_.ready) ports_.ready();
}

void Interpreter::perform(Answer& effect) {
  if (ports_.answer) ports_.answer(effect);
}

}  // namespace ondol::agent
