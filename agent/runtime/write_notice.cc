#include "agent/runtime/interpreter.h"
#include "common/journal/journal.h"

namespace ondol::agent {
namespace {

journal::Event event_of(Notice notice) {
  using journal::Event;
  switch (notice) {
    case Notice::kReady: return Event::agent_ready;
    case Notice::kRoutesRepaired: return Event::routes_repaired;
    case Notice::kRepairFailed: return Event::repair_failed;
    case Notice::kRouteContested: return Event::drift_contested;
    case Notice::kGenerationConfirmed: return Event::generation_confirmed;
    case Notice::kGenerationRefused: return Event::generation_refused;
    case Notice::kGenerationRolledBack:
    case Notice::kTrialRolledBack: return Event::trial_rolled_back;
    case Notice::kGenerationBlocked: return Event::generation_waits;
    case Notice::kHeld: return Event::changes_held;
    case Notice::kReleased: return Event::changes_released;
    case Notice::kWithdrawn: return Event::routes_withdrawn;
    case Notice::kStorageFailed: return Event::agent_state_failed;
    case Notice::kStorageRecovered: return Event::agent_state_healed;
    case Notice::kStateUnreadable: return Event::agent_state_unreadable;
    case Notice::kObserverFailed: return Event::observer_failed;
    case Notice::kObserverRecovered: return Event::observer_healed;
    case Notice::kOverrun: return Event::netlink_overrun;
    case Notice::kSessionUp: return Event::session_up;
    case Notice::kSessionLost: return Event::session_lost;
    case Notice::kGuardRefuses: return Event::guard_refuses;
    case Notice::kGuardRemark: return Event::guard_remark;
    case Notice::kSafeModeEntered: return Event::safe_mode_entered;
    case Notice::kTrialBegan: return Event::trial_began;
    case Notice::kTrialConfirmed: return Event::trial_confirmed;
    case Notice::kPreflightMissing: return Event::preflight_unavailable;
    case Notice::kSafeModeLeft: return Event::safe_mode_left;
  }
  return journal::Event::agent_failed;
}

}  // namespace

void write_notice(const Tell& tell) { journal::write(event_of(tell.notice), tell.text); }

}  // namespace ondol::agent
