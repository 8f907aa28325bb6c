#include "agent/runtime/offline.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

#include "common/loop/clocks.h"

namespace ondol::agent {
namespace {

constexpr Seconds kPatience{20};

// Lets the core's timer and the kernel's events turn it until it is ready.
void turn_until_ready(Interpreter& interpreter, int event_fd) {
  const BootTime give_up = read_now().boot + kPatience;
  while (!interpreter.core().status().ready) {
    const BootTime now = read_now().boot;
    if (now >= give_up) return;
    const auto wait = std::clamp<Nanoseconds>(std::min(interpreter.wake_at(), give_up) - now, Milliseconds{1}, kPatience);
    pollfd waiting{event_fd, POLLIN, 0};
    ::poll(&waiting, 1, static_cast<int>(std::chrono::ceil<Milliseconds>(wait).count()));
    if ((waiting.revents & POLLIN) != 0) interpreter.drain_kernel();
    if (read_now().boot >= interpreter.wake_at()) interpreter.feed(TimerFired{});
  }
}

std::string summary(const CoreStatus& status) {
  std::string text = fmt::format("generation {}: {} of {} routes in place", status.generations.running.value,
                                 status.by_state.count(routes::RouteState::kInSync) ? status.by_state.at(routes::RouteState::kInSync) : 0,
                                 status.wanted);
  for (const auto& object : status.not_in_sync) {
    text += fmt::format("\n{}: {}{}{}", render(object.key), to_string(object.state), object.reason.empty() ? "" : ": ", object.reason);
  }
  return text;
}

}  // namespace

Result<std::string> restore_confirmed(const AgentConfig& config, RuntimeParts parts) {
  AgentCore core(core_options(config));
  Interpreter interpreter(core, {*parts.routes, *parts.state, *parts.spool, *parts.guard}, {});
  interpreter.boot();
  turn_until_ready(interpreter, parts.routes->event_fd());
  parts.spool->flushed(flush_files(parts.spool->take_unflushed()));
  const CoreStatus status = core.status();
  if (!status.ready) return fail(Errc::kUnavailable, "routes cannot be read: " + status.observer_error);
  return summary(status);
}

Result<std::string> roll_back(const AgentConfig& config, RuntimeParts parts) {
  const bool tried = parts.state->read().journal.map([](const auto& journal) { return journal.has_value(); }).value_or(true);
  ONDOL_TRY(parts.state->write_hold(true));
  return restore_confirmed(config, std::move(parts)).map([tried](const std::string& text) {
    return std::string(tried ? "rolled back" : "nothing was being tried, start the agent to go back further") + "; held; " + text;
  });
}

Result<std::string> withdraw_ours(const RuntimeParts& parts) {
  const StoredState stored = parts.state->read();
  if (!stored.ledger) return fail(stored.ledger.error());
  ONDOL_TRY(parts.state->write_confirmed(std::nullopt));
  if (stored.highest && *stored.highest) {
    Highest highest = **stored.highest;
    highest.settled = true;
    ONDOL_TRY(parts.state->write_highest(highest));
  }
  RouteBook book(read_boot_id());
  Ledger ledger = stored.ledger->value_or(Ledger{read_boot_id(), {}});
  if (stored.journal && *stored.journal) {  // what an interrupted apply may have made is ours as well
    for (const routes::RouteOp& op : (*stored.journal)->inverse) {
      if (op.kind == routes::OpKind::kRemove) ledger.entries.try_emplace(op.route.key, LedgerEntry{op.route.value, false});
    }
  }
  book.restore_ledger(std::move(ledger));
  parts.routes->keep_holders_of(book.keys(nullptr));
  auto snapshot = parts.routes->snapshot(book.tables(nullptr));
  if (!snapshot) return fail(snapshot.error());
  book.absorb(*snapshot);
  const auto operations = plan_withdrawal(book.table().snapshot()).operations;
  const routes::ApplyReport report = parts.routes->apply(operations);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (report.done[i]) book.made(operations[i]);
  }
  book.keep_only_wanted();
  ONDOL_TRY(parts.state->write_ledger(book.ledger()));
  ONDOL_TRY(parts.state->remove_journal());
  const auto removed = std::count(report.done.begin(), report.done.end(), true);
  if (!report.failures.empty()) {
    return fail(Errc::kIo, fmt::format("removed {} routes, {} could not be removed: {}", removed, report.failures.size(),
                                       report.failures.front().text));
  }
  return fmt::format("removed {} routes", removed);
}

Result<std::string> set_hold(const RuntimeParts& parts, bool held) {
  ONDOL_TRY(parts.state->write_hold(held));
  if (!held) ONDOL_TRY(parts.state->write_starts(release_safe_mode(parts.state->read_starts())));
  return std::string(held ? "held" : "released") + ", as of the next start of the agent";
}

}  // namespace ondol::agent
