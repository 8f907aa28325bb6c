// Layers in, one host's desired state out, with the origin of every value. Pure; ondolctl may run it too.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/intent/finding.h"
#include "common/intent/origin.h"
#include "common/resources/routes/intent.h"
#include "common/resources/routes/judge_routes.h"

namespace ondol::intent {

// What a record says that decides which layer files apply. Low to high precedence:
// layers/global.yaml, cluster/<cluster>.yaml, phase/<phase>.yaml, app-type/<app_type>.yaml, app-group/<app_group>.yaml,
// app/<app>.yaml, host/<name>.yaml. Empty fields name no layer.
struct HostFacts {
  HostId name;
  std::string cluster{}, phase{}, app_type{}, app_group{}, app{};
  // As last observed. Empty = unknown: gateways are then judged only by what the layers themselves say.
  std::optional<routes::HostAddresses> addresses{};
};

struct LayerText {
  std::string path;  // "layers/global.yaml"
  std::string content;
};

struct ResolvedHost {
  DesiredState state;  // generation and revision are not filled in
  Origins origins;
};

// The parsed layers of one revision. Parsing is done once, resolving once for all hosts that share their layers.
// Thread: one at a time, copies included; they share what they remember.
class Layers {
 public:
  struct Parsed;
  // Bad files give findings (each with place and remedy); files that parse are kept.
  // Limits: 10,000 files, 1 MiB each, 256 MiB in all.
  static Layers parse(const std::vector<LayerText>& files, std::vector<Finding>& findings);
  // As parse, but files named in `unchanged` have the very content that `before` was parsed from: they are shared.
  static Layers parse(const std::vector<LayerText>& files, std::vector<Finding>& findings, const Layers& before,
                      const std::set<std::string>& unchanged);
  // Findings for this host: faults of its files, missing layer files (warning), variables, duplicates that templates
  // made, removals of nothing (warning), judge_routes. Any error makes the result null.
  // Hosts with the same layers get the same object. Limits: 40,000 routes for a host, as on the wire.
  std::shared_ptr<const ResolvedHost> resolve(const HostFacts& host, std::vector<Finding>& findings) const;

  // The layers that apply to a host, low to high; and every one there is, by path.
  LayerStack stack(const HostFacts& host) const;
  LayerStack all() const;
  // Drops what resolving left behind for the next host; the parsed files stay.
  void forget();

 private:
  explicit Layers(std::shared_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}

  std::shared_ptr<Parsed> parsed_;
};

// SHA-256 over the sorted paths and contents, each with its length.
Revision revision_of(std::vector<LayerText> files);

}  // namespace ondol::intent
