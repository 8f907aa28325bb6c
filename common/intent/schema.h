// A layer file from YAML to plain values; every fault is collected, none stops the rest of the file.
#pragma once

#include <string>

#include "common/intent/layer.h"

namespace ondol::intent {

Layer parse_layer(const std::string& path, LayerName name, std::string_view content);

// By key, then level. One fault for each item whose key its own layer has already said.
std::vector<Fault> sort_unique(std::vector<RouteItem>& items);

// `dev`, `proto` and `preset` of routes.ignore: one pattern, or those of a preset.
Checked<std::vector<routes::IgnorePattern>> parse_ignore(const yaml::Node& entry);

}  // namespace ondol::intent
