// What another revision makes of a host: settings and routes that differ, what that does to routes of others,
// and hosts whose change is the same.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/resources/routes/intent.h"

namespace ondol::intent {

struct SettingEdit {
  std::string name;           // "mode.routes", "routes.unlisted", "trial.deadline"; "routes" = managed or not
  std::string before, after;  // as layers write them
  bool operator==(const SettingEdit&) const = default;
};

struct RouteEdit {
  routes::RouteKey key;
  std::optional<routes::RouteValue> before, after;  // empty: not in the intent
  bool operator==(const RouteEdit&) const = default;
};

struct IntentChange {
  std::vector<SettingEdit> settings;
  std::vector<RouteEdit> routes;  // deletions, changes, additions; each by key
  bool operator==(const IntentChange&) const = default;
  bool empty() const { return settings.empty() && routes.empty(); }
};

// Generation, revision and the flag for mass deletion are not intent and not compared. A host that becomes
// unmanaged keeps its routes, so that is a setting and no deletion.
IntentChange diff_states(const DesiredState& before, const DesiredState& after);

// What becomes of a route that somebody else made; kRemoveOurs: of one that is ours and that the layers
// before did not name any longer.
enum class EffectKind { kTakeOver = 1, kRemoveForeign = 2, kConflict = 3, kRemoveOurs = 4 };
struct HostEffect {
  EffectKind kind = EffectKind::kTakeOver;
  routes::RouteKey key;
  std::string before;  // as observed: "via 10.0.0.9 dev eth0 proto static"
  std::string after;   // empty for a removal
  auto operator<=>(const HostEffect&) const = default;
  bool operator==(const HostEffect&) const = default;
};

struct HostOutlook {
  std::vector<HostEffect> effects;
  // The host will refuse it without the revision's flag: too much of what it holds goes, or all by an empty
  // list.
  bool is_mass_delete = false;
};

// By what the host reported last. Nothing in report mode: nothing is written there.
HostOutlook outlook_of(const routes::RoutesIntent& desired, const routes::RouteSnapshot& observed,
                       const IntentChange& change);

struct ChangeGroup {
  std::shared_ptr<const IntentChange> change;
  std::vector<HostId> hosts;  // as they were added
  std::map<HostEffect, std::vector<HostId>> effects;
  bool operator==(const ChangeGroup&) const = default;
};

// Thread: one. Hosts whose change is the same object cost nothing to compare.
class ChangeGroups {
 public:
  void add(const HostId& host, const std::shared_ptr<const IntentChange>& change,
           const std::vector<HostEffect>& effects);
  // Most hosts first; among equals by the first host.
  std::vector<ChangeGroup> take();

 private:
  std::map<Digest, ChangeGroup> groups_;
  std::shared_ptr<const IntentChange> last_;  // its digest is remembered
  Digest last_digest_;
};

}  // namespace ondol::intent
