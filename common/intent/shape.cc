#include "common/intent/shape.h"

#include <algorithm>
#include <cstdlib>

namespace ondol::intent {
namespace {

using Names = std::vector<std::string_view>;

constexpr std::int64_t kMaxUint32 = 0xffffffff;

template <typename T, std::size_t N>
Names names_of(const Word<T> (&words)[N]) {
  Names names;
  for (const auto& [word, value] : words) names.push_back(word);
  return names;
}

KeyShape key(std::string_view name, ShapeKind kind, std::string_view help) {
  KeyShape shape;
  shape.name = name;
  shape.kind = kind;
  shape.help = help;
  return shape;
}
KeyShape bounded(KeyShape shape, std::int64_t least, std::int64_t most) {
  shape.least = least;
  shape.most = most;
  return shape;
}
KeyShape worded(KeyShape shape, Names words) {
  shape.words = std::move(words);
  return shape;
}
KeyShape with_keys(KeyShape shape, const KeyShape& entry) {
  shape.keys = entry.keys;
  shape.forms = entry.forms;
  return shape;
}
KeyShape nullable(KeyShape shape) {
  shape.takes_null = true;
  return shape;
}
KeyShape templated(KeyShape shape) {
  shape.takes_templates = true;
  for (KeyShape& below : shape.keys) below = templated(std::move(below));
  return shape;
}
KeyShape mapping(std::string_view name, std::string_view help, std::vector<KeyShape> keys,
                 std::vector<Form> forms = {}) {
  KeyShape shape = key(name, ShapeKind::kMapping, help);
  shape.keys = std::move(keys);
  shape.forms = std::move(forms);
  return shape;
}

KeyShape make_nexthop() {
  return mapping(
      "nexthop", "one way out",
      {key("via", ShapeKind::kAddress, "the gateway"), key("dev", ShapeKind::kInterface, "the interface"),
       bounded(key("weight", ShapeKind::kInteger, "its share"), 1, 256),
       key("onlink", ShapeKind::kBool, "the gateway is on this link, whatever the addresses say")},
      {{"", {}, {"via", "dev"}, {"via", "dev", "weight", "onlink"}}});
}

KeyShape make_route() {
  std::vector<KeyShape> keys{
      key("to", ShapeKind::kDestination, "the destination: a prefix without host bits, or default"),
      key("via", ShapeKind::kAddress, "the gateway"),
      key("dev", ShapeKind::kInterface, "the interface, as `ip link` shows it"),
      worded(key("type", ShapeKind::kWord, "unicast unless said"), names_of(kRouteTypeWords)),
      bounded(key("metric", ShapeKind::kInteger, "part of the key; unset = the kernel's default"), 0,
              kMaxUint32),
      bounded(key("table", ShapeKind::kTable, "part of the key; main unless said"), 1, kMaxUint32 - 1),
      key("src", ShapeKind::kAddress, "the preferred source address"),
      bounded(key("mtu", ShapeKind::kInteger, "bytes"), 68, 65'535),
      worded(key("scope", ShapeKind::kWord, "IPv4 only; unset = what the kernel derives"),
             names_of(kScopeWords)),
      key("onlink", ShapeKind::kBool, "the gateway is on this link, whatever the addresses say"),
      key("from", ShapeKind::kPrefix, "IPv6 source prefix, part of the key"),
      bounded(with_keys(key("nexthops", ShapeKind::kList, "several ways out"), nexthop_shape()), 1, 64),
      bounded(key("reason", ShapeKind::kText, "why, for people"), 0, 200),
      key("remove", ShapeKind::kBool, "true: the end of what lower layers say about this key")};
  Names single;
  for (const KeyShape& shape : keys) {
    if (shape.name != "nexthops") single.push_back(shape.name);
  }
  return mapping("route", "one route; layers merge by family, table, destination, metric and source prefix",
                 std::move(keys),
                 {removal_form(),
                  nowhere_form(),
                  several_nexthops_form(),
                  {"one way out",
                   {"to"},
                   {"via", "dev"},
                   std::move(single),
                   {{"type", {"unicast"}}, {"remove", {"false"}}}}});
}

KeyShape make_ignore() {
  std::vector<KeyShape> keys{
      bounded(key("dev", ShapeKind::kGlob, "an interface, or a pattern such as \"cali*\""), 1, 32),
      bounded(key("proto", ShapeKind::kProtocol, "a route protocol, by number or name"), 1, 255),
      worded(key("preset", ShapeKind::kWord, "what a container network makes"),
             Names(std::begin(kPresetNames), std::end(kPresetNames)))};
  return mapping("ignore", "foreign routes that are not looked at", std::move(keys),
                 {{"a preset stands alone", {"preset"}, {}, {"preset"}},
                  {"a pattern", {}, {"dev", "proto"}, {"dev", "proto"}}});
}

KeyShape make_probe() {
  const KeyShape name = bounded(key("name", ShapeKind::kText, "for people"), 1, 64);
  return mapping(
      "probe", "what answered before a change must answer after it",
      {key("tcp", ShapeKind::kEndpoint, "ADDRESS:PORT that accepts a connection; IPv6 in brackets"),
       key("dns", ShapeKind::kAddress, "a name server that answers"),
       bounded(key("inbound", ShapeKind::kInteger, "a port of the host that the collector can connect to"), 1,
               65'535),
       name},
      {{"", {"tcp"}, {}, {"tcp", "name"}},
       {"", {"dns"}, {}, {"dns", "name"}},
       {"", {"inbound"}, {}, {"inbound", "name"}}});
}

KeyShape make_routes() {
  return nullable(mapping(
      "routes",
      "no `routes:` in any layer = unmanaged; `list: []` = managed and empty; `~` drops what lower layers "
      "say",
      {nullable(worded(key("unlisted", ShapeKind::kWord, "foreign routes that no layer mentions"),
                       names_of(kUnlistedWords))),
       nullable(worded(key("conflict", ShapeKind::kWord, "a foreign route on the key of one of ours"),
                       names_of(kConflictWords))),
       nullable(bounded(
           with_keys(key("ignore", ShapeKind::kList, "foreign routes that are not looked at; layers append"),
                     ignore_shape()),
           0, 1'000)),
       nullable(bounded(templated(with_keys(key("list", ShapeKind::kList, "the routes"), route_shape())), 0,
                        400'000))}));
}

KeyShape make_layer() {
  const std::int64_t shortest = trial::kShortestTrial.count(), longest = trial::kLongestTrial.count();
  return nullable(mapping(
      "layer", "one layer of intent",
      {nullable(
           bounded(key("vars", ShapeKind::kVariables, "for {{ NAME }}; expanded after all layers are merged"),
                   0, 10'000)),
       make_routes(),
       nullable(
           mapping("mode", "what may be written, per resource type",
                   {nullable(worded(key("routes", ShapeKind::kWord, "report: only look; enforce: keep it so"),
                                    names_of(kModeWords)))})),
       nullable(templated(mapping(
           "trial", "how a change is tried",
           {nullable(bounded(key("deadline", ShapeKind::kDuration, "until it is undone unless confirmed"),
                             shortest, longest)),
            nullable(key("enabled", ShapeKind::kBool, "false: kept as soon as it was read back"))}))),
       nullable(bounded(templated(with_keys(key("probes", ShapeKind::kList,
                                                "beside collector, gateways and DNS; layers append"),
                                            probe_shape())),
                        0, static_cast<std::int64_t>(trial::kMaxProbes)))}));
}

}  // namespace

const KeyShape& KeyShape::at(std::string_view wanted) const {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const KeyShape& shape) { return shape.name == wanted; });
  if (found == keys.end()) std::abort();
  return *found;
}

std::vector<std::string_view> KeyShape::names() const {
  Names all;
  for (const KeyShape& shape : keys) all.push_back(shape.name);
  return all;
}

const Form& removal_form() {
  static const Form kForm{"an end",
                          {"to", "remove"},
                          {},
                          {"to", "from", "table", "metric", "reason", "remove"},
                          {{"remove", {"true"}}}};
  return kForm;
}
const Form& nowhere_form() {
  static const Form kForm{"forwards nowhere",
                          {"to", "type"},
                          {},
                          {"to", "from", "table", "metric", "type", "reason", "remove"},
                          {{"type", {"blackhole", "unreachable", "prohibit"}}, {"remove", {"false"}}}};
  return kForm;
}
const Form& several_nexthops_form() {
  static const Form kForm{
      "several ways out",
      {"to", "nexthops"},
      {},
      {"to", "from", "table", "metric", "type", "src", "mtu", "scope", "nexthops", "reason", "remove"},
      {{"type", {"unicast"}}, {"remove", {"false"}}}};
  return kForm;
}

const KeyShape& layer_shape() {
  static const KeyShape kShape = make_layer();
  return kShape;
}
const KeyShape& route_shape() {
  static const KeyShape kShape = make_route();
  return kShape;
}
const KeyShape& nexthop_shape() {
  static const KeyShape kShape = make_nexthop();
  return kShape;
}
const KeyShape& ignore_shape() {
  static const KeyShape kShape = make_ignore();
  return kShape;
}
const KeyShape& probe_shape() {
  static const KeyShape kShape = make_probe();
  return kShape;
}

}  // namespace ondol::intent
