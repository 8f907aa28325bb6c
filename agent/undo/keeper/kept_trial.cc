#include "agent/undo/keeper/kept_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agent/core/generation_apply.h"
#include "agent/runtime/offline.h"
#include "common/journal/journal.h"
#include "common/loop/clocks.h"

namespace ondol::undo {
namespace {

constexpr Seconds kGrace{1};            // for an agent that lives to do it itself
constexpr Milliseconds kDeathWait{2'000};
constexpr Milliseconds kLockGap{100};   // between looks at a locked directory
constexpr Seconds kLockPatience{5};     // after the deadline: whoever holds the lock by then does not undo
constexpr Seconds kRetry{1};
constexpr Seconds kLongest{4'200};      // the longest trial, and some time to begin it
constexpr int kPasses = 3;

double seconds(Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Result<KeptTrial> KeptTrial::take(const Arm& arm, PeerProcess agent, BootTime now) {
  if (arm.state_dir.empty() || arm.state_dir.front() != '/') return fail(Errc::kInvalidInput, "the state directory is no absolute path");
  if (arm.generation.value == 0) return fail(Errc::kInvalidInput, "there is no generation 0");
  if (arm.boot_id != agent::read_boot_id()) return fail(Errc::kInvalidInput, "the deadline is of another boot");
  if (arm.deadline <= now || arm.deadline - now > kLongest) return fail(Errc::kInvalidInput, "the deadline is out of bounds");
  auto state = agent::StateDir::peek(arm.state_dir);
  if (!state) return fail(state.error());
  if (!state->journal) return fail(state->journal.error());
  if (!*state->journal) return fail(Errc::kNotFound, "journal: there is none", arm.state_dir);
  agent::Journal journal = **std::move(state->journal);
  if (journal.candidate.generation != arm.generation || journal.boot_id != arm.boot_id) {
    return fail(Errc::kConflict, fmt::format("journal: it is of generation {}", journal.candidate.generation.value), arm.state_dir);
  }
  return KeptTrial(arm, std::move(journal), std::move(agent));
}

// Confirmed, undone, or replaced by a later one: all of it is on disk. A directory that knows nothing of it was lost.
bool KeptTrial::is_over() const {
  const auto state = agent::StateDir::peek(arm_.state_dir);
  if (!state || !state->journal) return false;
  if (!*state->journal) return state->highest && *state->highest && (*state->highest)->generation >= arm_.generation;
  if ((*state->journal)->candidate.generation != arm_.generation) return true;
  return state->confirmed && *state->confirmed && (*state->confirmed)->generation == arm_.generation;
}

bool KeptTrial::act(const agent::AgentConfig& config) {
  if (is_over()) return true;
  const BootTime now = read_now().boot;
  if (agent_is_there_ && now < arm_.deadline + kGrace) {
    act_at_ = arm_.deadline + kGrace;
    return false;
  }
  if (!began_) began_ = now;
  if (agent_is_there_) stop_agent();
  agent::AgentConfig here = config;
  here.state_dir = arm_.state_dir;
  return undo_as_a_restart(here);
}

void KeptTrial::stop_agent() {
  agent_is_there_ = false;
  const bool ended = agent_.kill(kDeathWait);
  journal::write(journal::Event::undo_agent_killed,
                 fmt::format("generation {}: the agent (pid {}) did nothing for a second after the deadline and was killed{}",
                             arm_.generation.value, agent_.pid(), ended ? "" : "; it does not end"));
}

bool KeptTrial::undo_as_a_restart(const agent::AgentConfig& config) {
  auto parts = agent::open_parts(config);
  if (!parts && parts.error().code == Errc::kConflict) {
    if (read_now().boot < arm_.deadline + kLockPatience) return come_again(kLockGap);
    return undo_from_memory("another process holds the lock of the state directory and does not undo");
  }
  if (!parts) return undo_from_memory(render(parts.error()));
  const agent::StoredState stored = parts->state->read();
  if (!stored.journal || !*stored.journal) {
    return undo_from_memory(stored.journal ? "the journal is gone" : render(stored.journal.error()));
  }
  const auto restored = agent::restore_confirmed(config, *std::move(parts));
  if (!restored) return undo_from_memory(render(restored.error()));
  journal::write(journal::Event::undo_done, when() + *restored);
  return true;
}

bool KeptTrial::undo_from_memory(const std::string& why) {
  if (is_over()) return true;
  const auto left = apply_inverse();
  if (left && *left == 0) {
    journal::write(journal::Event::undo_from_memory, when() + "from memory, because: " + why);
    return true;
  }
  const std::string reason = left ? fmt::format("{} routes could not be put back", *left) : render(left.error());
  if (!failure_told_) {
    journal::write(journal::Event::undo_failed, fmt::format("generation {}: {}; {}", arm_.generation.value, reason, why));
  }
  failure_told_ = true;
  return come_again(kRetry);
}

// How many operations are still needed afterwards. Each look decides anew: somebody else may undo as well.
Result<std::size_t> KeptTrial::apply_inverse() const {
  auto socket = routes::open_route_socket({.blame = false});
  if (!socket) return fail(socket.error());
  std::set<std::uint32_t> tables;
  for (const routes::RouteOp& op : journal_.inverse) tables.insert(op.route.key.table);
  tables.erase(routes::kMainTable);
  std::size_t left = 0;
  for (int pass = 0; pass <= kPasses; ++pass) {
    const auto snapshot = (*socket)->snapshot({tables.begin(), tables.end()});
    if (!snapshot) return fail(snapshot.error());
    agent::RouteTable table;
    table.load(*snapshot);
    const auto needed = agent::still_needed(journal_.inverse, table);
    left = needed.size();
    if (left == 0) break;
    (*socket)->apply(needed);
  }
  return left;
}

bool KeptTrial::come_again(Nanoseconds after) {
  act_at_ = read_now().boot + after;
  return false;
}

std::string KeptTrial::when() const {
  const BootTime began = began_.value_or(arm_.deadline);
  return fmt::format("generation {}: undo began {:.3f} s after its deadline and took {:.3f} s; ", arm_.generation.value,
                     seconds(began - arm_.deadline), seconds(read_now().boot - began));
}

}  // namespace ondol::undo
