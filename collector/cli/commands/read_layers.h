// Reads a fleet directory's layer files for sending: bounded, and never from outside the directory.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace ondol::cli {

struct LayerSource {
  std::string path;  // relative to the fleet directory: "layers/app/settlement.yaml"
  std::string content;
};

// Limits: 10,000 files, 1 MiB each, 60 MiB together, eight folders deep. Links out of the directory, links to folders
// and anything but regular files are errors; so is *.yml, which would be a layer that nobody reads. Sorted by path.
Result<std::vector<LayerSource>> read_layers(const std::filesystem::path& directory);

// A whole file, or standard input for "-".
Result<std::string> read_bounded(const std::filesystem::path& path, std::size_t most_bytes);

}  // namespace ondol::cli
