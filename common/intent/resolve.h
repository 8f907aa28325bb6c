// Layers in, one host's desired state out, with the origin of every value. Pure; ondolctl may run it too.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/resources/routes/intent.h"
#include "common/yaml/strict_yaml.h"

namespace ondol::intent {

// What a record says that decides which layer files apply. Low to high precedence:
// layers/global.yaml, cluster/<cluster>.yaml, phase/<phase>.yaml, app-type/<app_type>.yaml, app-group/<app_group>.yaml,
// app/<app>.yaml, host/<name>.yaml. Empty fields name no layer.
struct HostFacts {
  HostId name;
  std::string cluster, phase, app_type, app_group, app;
};

struct LayerText {
  std::string path;  // "layers/global.yaml"
  std::string content;
};

enum class Severity { kError, kWarning };
struct Finding {
  Severity severity = Severity::kError;
  yaml::Place place;
  std::string message;
  std::string remedy;
  std::vector<HostId> hosts;  // affected; sorted, unique; empty = a matter of the file alone
  bool operator==(const Finding&) const = default;
};

// Where a resolved value comes from: the place that won, and those it replaced (low to high).
struct Origin {
  yaml::Place place;
  std::vector<yaml::Place> replaced;
  bool operator==(const Origin&) const = default;
};

struct ResolvedHost {
  DesiredState state;  // generation and revision are not filled in
  std::map<std::string, Origin> origins;  // "routes.unlisted", "routes.list[10.20.0.0/16 table main metric 0]", "mode.routes"
};

// The parsed layers of one revision. Parsing is done once, resolving per host.
class Layers {
 public:
  struct Parsed;
  // Bad files give findings (each with place and remedy); files that parse are kept. Limits: 10,000 files, 1 MiB each.
  static Layers parse(const std::vector<LayerText>& files, std::vector<Finding>& findings);
  // Findings for this host: missing layer files (warning), variables, conflicts between layers, judge_routes.
  // Errors make the result empty.
  std::optional<ResolvedHost> resolve(const HostFacts& host, std::vector<Finding>& findings) const;

 private:
  std::shared_ptr<const Parsed> parsed_;
};

// Findings that differ only in their hosts become one, with the hosts joined; sorted by place.
std::vector<Finding> merged(std::vector<Finding> findings);

// SHA-256 over the sorted paths and contents.
Revision revision_of(std::vector<LayerText> files);

}  // namespace ondol::intent
