// One layer file as plain values: what it says about variables, routes, modes and trials, each with its place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/intent/finding.h"
#include "common/resources/routes/intent.h"

namespace ondol::intent {

// Low to high precedence.
enum class Level : std::uint8_t { kGlobal = 0, kCluster, kPhase, kAppType, kAppGroup, kApp, kHost };
inline constexpr std::size_t kLevels = 7;

struct LayerName {
  Level level = Level::kGlobal;
  std::string name;  // empty for global
};
// "layers/global.yaml", "layers/app-type/api.yaml"; the fault says which of the two was meant.
Checked<LayerName> parse_layer_path(const std::string& path);
std::string layer_path(Level level, std::string_view name);

// A scalar that a layer sets or, with `~`, takes back to the default.
template <typename T>
struct Setting {
  yaml::Place place;
  std::optional<T> value;  // empty: `~`
};

// One entry of routes.list: a route, or with `remove` the end of what lower layers say about its key.
struct RouteItem {
  routes::Route route;
  Level level = Level::kGlobal;
  bool removes = false;
  yaml::Place place;
  std::string reason;
};

struct IgnoreItem {
  routes::IgnorePattern pattern;
  yaml::Place place;
};

struct RoutesPart {
  yaml::Place place;
  bool resets = false;         // `routes: ~`: nothing of lower layers counts
  bool resets_list = false;    // `list: ~`
  bool resets_ignore = false;  // `ignore: ~`
  std::vector<RouteItem> items;  // without templates; sorted by key, keys unique
  std::vector<yaml::Node> templates;  // entries that need variables, in file order
  std::vector<IgnoreItem> ignore;
  std::optional<Setting<routes::Unlisted>> unlisted;
  std::optional<Setting<routes::OnConflict>> on_conflict;
};

// `trial:`: a scalar each. `trial: ~` is `~` for both.
struct TrialPart {
  std::optional<Setting<Milliseconds>> deadline;
  std::optional<Setting<bool>> enabled;
  std::optional<yaml::Node> with_templates;  // the whole of it; then nothing else is set
};

struct ProbeItem {
  trial::ProbeTarget target;
  yaml::Place place;
};
struct ProbesPart {
  bool resets = false;            // `probes: ~`: nothing of lower layers counts
  std::vector<ProbeItem> items;   // without templates, in file order
  std::vector<yaml::Node> templates;
};

struct Variable {
  std::string name;
  yaml::Node value;  // kScalar, or kNull: removed
};

struct Layer {
  LayerName name;
  std::string path;
  std::optional<yaml::Place> resets_variables;  // `vars: ~`
  std::vector<Variable> variables;
  std::optional<RoutesPart> routes;
  std::optional<Setting<Mode>> routes_mode;
  std::optional<TrialPart> trial;
  std::optional<ProbesPart> probes;
  std::vector<Finding> faults;  // any: the layer cannot be used
};

}  // namespace ondol::intent
