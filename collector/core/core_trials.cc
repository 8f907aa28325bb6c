// CollectorCore: which host tries a change of intent, until when, and how it ended. See collector_core.h.
#include <fmt/format.h>

#include <algorithm>

#include "collector/core/collector_core.h"

namespace ondol::collector {
namespace {

using session::GenerationOutcome;

// The first word of the reason, if it is one that is known.
std::string_view end_of(const session::GenerationResult& result) {
  if (result.outcome == GenerationOutcome::kConfirmed) return kTrialConfirmed;
  const std::string_view word = std::string_view(result.reason).substr(0, result.reason.find_first_of(": "));
  const auto known = std::find(kTrialEnds.begin(), kTrialEnds.end(), word);
  return known == kTrialEnds.end() || word == kTrialConfirmed ? "other" : *known;
}

}  // namespace

// Whether one runs is what the host says of now; events may tell of one that is long over.
void CollectorCore::note_trial(HostState& state, const session::GenerationStatus& status) {
  if (status.trial.value == 0) {
    if (state.trial) state.trial->running = false;
    return;
  }
  if (!state.trial || state.trial->generation != status.trial) state.trial = std::make_unique<TrialHead>();
  state.trial->generation = status.trial;
  state.trial->running = true;
  state.trial->deadline = now_.wall + status.trial_left;
}

void CollectorCore::note_trial(const HostId& host, HostState& state, const session::GenerationResult& result) {
  const bool known = state.trial && state.trial->generation == result.generation;
  switch (result.outcome) {
    case GenerationOutcome::kTrial:
      if (!known) state.trial = std::make_unique<TrialHead>();
      state.trial->generation = result.generation;
      state.trial->before = result.probes;
      return;
    case GenerationOutcome::kConfirmed:
      if (!known && result.deadline == Milliseconds{}) return;  // kept without a trial
      if (known) state.trial->running = false;
      ++counters_.trials[end_of(result)];
      return;
    case GenerationOutcome::kRolledBack:
      if (known) state.trial->running = false;
      ++counters_.trials[end_of(result)];
      tell(Notice::kTrialRolledBack, host, session::render(session::HostEvent{{}, {}, result}));
      return;
    case GenerationOutcome::kRefused: return;
  }
}

}  // namespace ondol::collector
