// From yaml-cpp's events to our tree: the only code that sees yaml-cpp, and the place where its exceptions stop.
#pragma once

#include <string>
#include <string_view>

#include "common/yaml/strict_yaml.h"

namespace ondol::yaml {

// The text has passed scan_text.
Result<Node> build_tree(std::string_view text, const std::string& file, const Limits& limits);

}  // namespace ondol::yaml
