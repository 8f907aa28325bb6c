#include "collector/core/progress.h"

#include <algorithm>

namespace ondol::collector {
namespace {

using session::GenerationOutcome;

bool is_trying(const HostState& state) {
  return state.trial && state.trial->running && state.trial->generation == state.desired.generation;
}

// What the host said last of the generation that it should run.
const session::GenerationResult* last_word(const HostState& state) {
  const bool current = state.last_result && state.last_result->generation == state.desired.generation;
  return current ? state.last_result.get() : nullptr;
}

Step absent(const HostState& state, bool young) {
  if (state.revoked) return Step::kUnreachable;
  switch (state.liveness) {
    case Liveness::kNeverEnrolled:
      return Step::kUnreachable;
    case Liveness::kUnknownSinceRestart:
      return young ? Step::kAway : Step::kUnreachable;
    case Liveness::kSilent:
      return state.silence_reason == "stream_closed" ? Step::kAway : Step::kUnreachable;
    case Liveness::kOnline:
    case Liveness::kStuck:
      return Step::kAway;
  }
  return Step::kAway;
}

std::string absence_text(const HostState& state) {
  if (state.revoked) return "its certificates are revoked";
  switch (state.liveness) {
    case Liveness::kNeverEnrolled:
      return "never enrolled";
    case Liveness::kUnknownSinceRestart:
      return "not seen since the collector started";
    case Liveness::kSilent:
    case Liveness::kOnline:
    case Liveness::kStuck:
      break;
  }
  return state.silence_reason.empty() ? "silent" : "silent: " + state.silence_reason;
}

struct Named {
  Step step;
  const HostState* state;
  const HostId* host;
};

std::vector<Straggler> tell(std::vector<Named> behind, std::size_t most) {
  const auto end = behind.begin() + static_cast<std::ptrdiff_t>(std::min(most, behind.size()));
  std::partial_sort(behind.begin(), end, behind.end(), [](const Named& a, const Named& b) {
    return a.step != b.step ? a.step < b.step : *a.host < *b.host;
  });
  std::vector<Straggler> stragglers;
  for (auto at = behind.begin(); at != end; ++at) {
    const HostState& state = *at->state;
    Straggler straggler{*at->host,       at->step, state.desired.generation, reason_of(state, at->step),
                        state.last_seen, {}};
    if (at->step == Step::kTrying) straggler.deadline = state.trial->deadline;
    stragglers.push_back(std::move(straggler));
  }
  return stragglers;
}

}  // namespace

std::string_view to_string(Step step) {
  switch (step) {
    case Step::kRolledBack:
      return "rolled_back";
    case Step::kRefused:
      return "refused";
    case Step::kBlocked:
      return "blocked";
    case Step::kUnreachable:
      return "unreachable";
    case Step::kAway:
      return "away";
    case Step::kTrying:
      return "trying";
    case Step::kReceived:
      return "received";
    case Step::kWaiting:
      return "waiting";
    case Step::kApplied:
      return "applied";
  }
  return "unknown";
}

Step step_of(const HostState& state, bool young) {
  if (state.status.running == state.desired.generation) return Step::kApplied;
  if (is_trying(state)) return Step::kTrying;
  if (const auto* word = last_word(state)) {
    // Its numbers follow in a message of their own.
    if (word->outcome == GenerationOutcome::kConfirmed) return Step::kApplied;
    if (word->outcome == GenerationOutcome::kRefused) return Step::kRefused;
    if (word->outcome == GenerationOutcome::kRolledBack) return Step::kRolledBack;
  }
  if (!state.live) return absent(state, young);
  if (!state.status.blocked.empty() || state.liveness == Liveness::kStuck) return Step::kBlocked;
  return state.status.received == state.desired.generation ? Step::kReceived : Step::kWaiting;
}

std::string reason_of(const HostState& state, Step step) {
  switch (step) {
    case Step::kRolledBack:
    case Step::kRefused: {
      const auto* word = last_word(state);
      return word == nullptr || word->reason.empty() ? "it did not say why" : word->reason;
    }
    case Step::kBlocked:
      return state.status.blocked.empty() ? "stuck: " + state.silence_reason : state.status.blocked;
    case Step::kUnreachable:
    case Step::kAway:
      return absence_text(state);
    case Step::kTrying:
      return "applied, not yet confirmed";
    case Step::kReceived:
      return "received, not yet applied";
    case Step::kWaiting:
      return "has not received it";
    case Step::kApplied:
      return "";
  }
  return "";
}

Progress progress_of(const std::map<HostId, HostState>& hosts, const ProgressQuestion& question) {
  Progress progress;
  std::vector<Named> behind;
  for (const auto& [host, state] : hosts) {
    if (!state.record || state.desired.generation.value == 0) continue;
    if (!state.desired.revision.value.starts_with(question.revision.value)) continue;
    const Step step = step_of(state, question.young);
    ++progress.hosts.at(static_cast<std::size_t>(step));
    ++progress.total;
    if (step != Step::kApplied) behind.push_back({step, &state, &host});
  }
  progress.stragglers = tell(std::move(behind), question.stragglers);
  return progress;
}

}  // namespace ondol::collector
