#include "common/intent/layer.h"

#include <fmt/format.h>

#include <array>

#include "common/base/nearest_name.h"

namespace ondol::intent {
namespace {

constexpr std::array<std::string_view, kLevels> kFolders{"global", "cluster",   "phase", "app-type",
                                                         "app-group", "app", "host"};
constexpr std::string_view kRoot = "layers/";
constexpr std::string_view kSuffix = ".yaml";

std::string_view folder(Level level) { return kFolders[static_cast<std::size_t>(level)]; }

tl::unexpected<Fault> unknown_folder(const std::string& path, std::string_view name) {
  const std::vector<std::string_view> known(kFolders.begin() + 1, kFolders.end());
  return fault({path, 0, 0}, fmt::format("'{}' is not a level of layers", name), suggestion(name, known));
}

}  // namespace

std::string layer_path(Level level, std::string_view name) {
  if (level == Level::kGlobal) return fmt::format("{}global{}", kRoot, kSuffix);
  return fmt::format("{}{}/{}{}", kRoot, folder(level), name, kSuffix);
}

Checked<LayerName> parse_layer_path(const std::string& path) {
  std::string_view rest = path;
  if (!rest.starts_with(kRoot)) {
    return fault({path, 0, 0}, "not a layer file", "move it to layers/global.yaml or layers/LEVEL/NAME.yaml");
  }
  rest.remove_prefix(kRoot.size());
  if (!rest.ends_with(kSuffix)) return fault({path, 0, 0}, "the name does not end in .yaml", "rename it");
  rest.remove_suffix(kSuffix.size());
  if (rest == folder(Level::kGlobal)) return LayerName{Level::kGlobal, {}};
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) {
    return fault({path, 0, 0}, "not a layer file", "move it to layers/global.yaml or layers/LEVEL/NAME.yaml");
  }
  const std::string name(rest.substr(slash + 1));
  for (std::size_t i = 1; i < kLevels; ++i) {
    if (kFolders[i] != rest.substr(0, slash)) continue;
    if (valid_host_name(name)) return LayerName{static_cast<Level>(i), name};
    return fault({path, 0, 0}, fmt::format("'{}' is not a name of a layer", name.substr(0, 80)),
                 "use 1 to 63 of a-z 0-9 . _ -, the first a letter or digit");
  }
  return unknown_folder(path, rest.substr(0, slash).substr(0, 80));
}

}  // namespace ondol::intent
