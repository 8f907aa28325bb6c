// Where every resolved value of a host comes from, kept as pointers into the layers and told when asked.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/intent/merge.h"

namespace ondol::intent {

// The place that won, and those it replaced (low to high).
struct Origin {
  yaml::Place place;
  std::vector<yaml::Place> replaced;
  bool removed = false;  // the place says that the value is not in effect here
  std::string reason;    // as written beside a route; may be empty
  bool operator==(const Origin&) const = default;
};

// Lives as long as needed on its own: it shares the layers.
class Origins {
 public:
  struct Sources {
    std::shared_ptr<const void> layers;  // keeps what the pointers point to
    LayerStack stack;
    RouteEntries routes;
    std::vector<RouteItem> expanded;     // what templates became for this host; entries point into it
    std::vector<TrialPart> trials;       // low to high, without templates
    std::vector<ProbeItem> probes;       // low to high, without templates; a later one of the same target won
  };
  explicit Origins(Sources sources) : sources_(std::move(sources)) {}
  Origins(const Origins&) = delete;
  Origins& operator=(const Origins&) = delete;

  // "mode.routes", "routes.conflict", "routes.ignore[dev cali* proto 80]", "routes.list[10.20.0.0/16 table main metric 0]",
  // "routes.unlisted", "trial.deadline", "trial.enabled", "probes[tcp 10.0.0.5:22]", "vars.gw".
  std::map<std::string, Origin> all() const;
  // Of one key of routes.list; empty when no layer mentions it.
  std::optional<Origin> of_route(const routes::RouteKey& key) const;

 private:
  Sources sources_;
};

}  // namespace ondol::intent
