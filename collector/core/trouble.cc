#include "collector/core/trouble.h"

#include <fmt/format.h>

#include "collector/core/progress.h"

namespace ondol::collector {
namespace {

bool is_behind(const HostState& state) {
  return state.desired.generation.value != 0 && state.status.running != state.desired.generation;
}

Trouble online_trouble(const HostState& state) {
  if (state.liveness == Liveness::kStuck) return Trouble::kStuck;
  if (state.counts.contested > 0) return Trouble::kContested;
  const Step step = is_behind(state) ? step_of(state, false) : Step::kApplied;
  if (step == Step::kRolledBack) return Trouble::kRolledBack;
  if (step == Step::kRefused) return Trouble::kRefused;
  if (!state.status.blocked.empty()) return Trouble::kBlocked;
  if (state.live && !state.live->observation_error.empty()) return Trouble::kUnobserved;
  if (state.counts.missing + state.counts.changed + state.counts.extra > 0) return Trouble::kDrift;
  return state.trial && state.trial->running ? Trouble::kTrial : Trouble::kNone;
}

std::string drift_text(const DriftCounts& counts) {
  return fmt::format("{} missing, {} changed, {} extra", counts.missing, counts.changed, counts.extra);
}

std::string reason_of(const HostState& state, Trouble trouble) {
  switch (trouble) {
    case Trouble::kStuck:
    case Trouble::kSilent:
      return state.silence_reason;
    case Trouble::kContested:
      return fmt::format("{} objects that somebody else keeps writing", state.counts.contested);
    case Trouble::kRolledBack:
      return reason_of(state, Step::kRolledBack);
    case Trouble::kRefused:
      return reason_of(state, Step::kRefused);
    case Trouble::kBlocked:
      return state.status.blocked;
    case Trouble::kUnobserved:
      return state.live->observation_error;
    case Trouble::kDrift:
      return drift_text(state.counts);
    case Trouble::kTrial:
      return fmt::format("tries generation {}", state.trial->generation.value);
    case Trouble::kUnknownSinceRestart:
      return "not seen since the collector started";
    case Trouble::kNeverEnrolled:
      return "never enrolled";
    case Trouble::kRevoked:
      return "its certificates are revoked";
    case Trouble::kNone:
      return "";
  }
  return "";
}

}  // namespace

std::string_view to_string(Trouble trouble) {
  switch (trouble) {
    case Trouble::kStuck:
      return "stuck";
    case Trouble::kSilent:
      return "silent";
    case Trouble::kContested:
      return "contested";
    case Trouble::kRolledBack:
      return "rolled_back";
    case Trouble::kRefused:
      return "refused";
    case Trouble::kBlocked:
      return "blocked";
    case Trouble::kUnobserved:
      return "unobserved";
    case Trouble::kDrift:
      return "drift";
    case Trouble::kTrial:
      return "trial";
    case Trouble::kUnknownSinceRestart:
      return "unknown_since_restart";
    case Trouble::kNeverEnrolled:
      return "never_enrolled";
    case Trouble::kRevoked:
      return "revoked";
    case Trouble::kNone:
      return "ok";
  }
  return "ok";
}

Trouble trouble_of(const HostState& state) {
  if (state.revoked) return Trouble::kRevoked;
  switch (state.liveness) {
    case Liveness::kNeverEnrolled:
      return Trouble::kNeverEnrolled;
    case Liveness::kSilent:
      return Trouble::kSilent;
    case Liveness::kUnknownSinceRestart:
      return Trouble::kUnknownSinceRestart;
    case Liveness::kOnline:
    case Liveness::kStuck:
      break;
  }
  return online_trouble(state);
}

Judged judge(const HostState& state) {
  const Trouble trouble = trouble_of(state);
  return {trouble, reason_of(state, trouble)};
}

}  // namespace ondol::collector
