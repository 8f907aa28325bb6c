// What a revision would do to the fleet, and what that was judged by: the plan that `config plan` shows and
// `config apply` may be bound to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collector/core/events.h"
#include "collector/runtime/resolve_fleet.h"
#include "common/intent/change.h"

namespace ondol::collector {

struct ConfigPlan {
  std::string id;
  Revision base;                            // empty = nothing was ever committed
  Revision revision;                        // of the planned layers
  std::vector<intent::ChangeGroup> groups;  // most hosts first; an empty change = tried again
  std::uint32_t hosts_unknown = 0;          // whose routes are not known now, or not all of them
  std::uint32_t hosts_not_compared = 0;     // beyond the bound
  std::vector<HostId> mass_deleted;         // by layers or by what the hosts hold; also when it is allowed
};

struct RollbackTarget {
  Revision revision;
  std::uint64_t current = 0;  // number of the commit that was current when the revision was found; 0 = any
};

// What decides which layers a host has; other fields of the record may change under a plan.
Sha256 digest_of_records(const std::vector<store::HostRecord>& records);

std::string plan_id(const Revision& base, const Sha256& records, const Revision& revision);
// kConflict names which of the three has changed since the plan with `id` was made.
Result<void> check_plan_id(const std::string& id, const Revision& base, const Sha256& records,
                           const Revision& revision);

// Gathers a plan host by host.
// Thread: one.
// Limits: looks at the observed routes of at most 2,000 hosts.
class PlanSurvey {
 public:
  explicit PlanSurvey(store::Store& store) : store_(store) {}

  // `before` null: nothing was ever wanted of this host. Hosts that share both objects cost one comparison.
  void add(const HostId& host, const DesiredPtr& before,
           const std::shared_ptr<const intent::ResolvedHost>& after);
  ConfigPlan take();

 private:
  std::vector<intent::HostEffect> find_effects(const HostId& host, const DesiredState& after);

  store::Store& store_;
  intent::ChangeGroups groups_;
  ConfigPlan plan_;
  std::size_t compared_ = 0;
  DesiredPtr last_before_;
  std::shared_ptr<const intent::ResolvedHost> last_after_;
  std::shared_ptr<const intent::IntentChange> last_change_;
};

}  // namespace ondol::collector
