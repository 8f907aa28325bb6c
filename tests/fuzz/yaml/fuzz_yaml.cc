// Any bytes as strict YAML: a tree whose nodes all have a place and clean text, or an error with its place.
#include <cstdlib>
#include <string_view>

#include "common/base/author.h"
#include "common/yaml/strict_yaml.h"

namespace ondol::yaml {
namespace {

void require(bool claim) {
  if (!claim) std::abort();
}

void walk(const Node& node, int depth) {
  require(depth <= Limits{}.max_depth);
  require(node.place.line >= 1 && node.place.column >= 1);
  require(node.scalar.find('\0') == std::string::npos);
  for (const Node& item : node.items) walk(item, depth + 1);
  for (const auto& [key, value] : node.entries) {
    require(key.kind == Kind::kScalar && node.find(key.scalar) == &value);
    walk(value, depth + 1);
  }
  (void)read_bool(node);
  (void)read_int(node, -1000, 1000);
  (void)read_duration(node);
  (void)check_keys(node, {"to", "via"});
}

}  // namespace
}  // namespace ondol::yaml

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto node = ondol::yaml::parse({reinterpret_cast<const char*>(data), size}, "f.yaml");
  if (node) {
    ondol::yaml::walk(*node, 0);
  } else {
    ondol::yaml::require(ondol::yaml::place_of(node.error()).has_value() && !node.error().message.empty());
  }
  return 0;
}
