// One revision resolved for every host of the record, and what that would change. No I/O.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "collector/store/store.h"
#include "common/intent/resolve.h"

namespace ondol::collector {

struct HostIntent {
  HostId host;
  std::shared_ptr<const intent::ResolvedHost> resolved;  // one object for hosts with the same layers
  // Of what the host is to be: without generation, revision, the flag for mass deletion and the rules of the trial,
  // which say how a change is tried and change nothing themselves.
  Sha256 digest;
};

struct FleetIntent {
  std::vector<intent::Finding> findings;  // merged; any error: nothing may be stored
  std::vector<HostIntent> hosts;          // those that were wanted, by name
  bool has_errors() const;
};

intent::HostFacts facts_of(const store::HostRecord& record);
std::vector<intent::LayerText> texts_of(const store::RevisionRow& revision);
Sha256 digest_of_intent(const DesiredState& state);

// Remembers the last revision it resolved: of the next one only the files that differ are parsed, and only the hosts
// that have one of them, or another record, are resolved again.
// Thread: one.
// Limits: remembers at most 100,000 findings; beyond, the next revision is resolved from scratch.
class FleetResolver {
 public:
  // Whether the caller needs the state of this host, or its digest was enough.
  using IsWanted = std::function<bool(const HostId&, const Sha256&, bool has_routes)>;

  FleetIntent resolve(const store::RevisionRow& revision, const std::vector<store::HostRecord>& records,
                      const IsWanted& is_wanted);
  // Hosts that the last call resolved anew; the others were remembered.
  std::size_t resolved_anew() const { return resolved_anew_; }

 private:
  struct Remembered {
    intent::HostFacts facts;
    Sha256 digest;
    bool has_routes = false;
    std::vector<intent::Finding> findings;
  };
  void take_files(const store::RevisionRow& revision, std::vector<intent::Finding>& findings);
  bool is_current(const intent::HostFacts& facts, const Remembered& remembered) const;
  void resolve_host(const intent::HostFacts& facts, const IsWanted& is_wanted, FleetIntent& fleet);

  std::optional<intent::Layers> layers_;
  std::map<std::string, std::string> files_;          // what layers_ was parsed from
  std::set<std::string> changed_;                     // files of this revision that the last one had not, or otherwise
  std::map<HostId, Remembered> hosts_;
  std::size_t resolved_anew_ = 0;
  std::shared_ptr<const intent::ResolvedHost> last_;  // hosts come in the order of their layers: one is enough
  Sha256 last_digest_;
};

}  // namespace ondol::collector
