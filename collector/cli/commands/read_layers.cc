#include "collector/cli/commands/read_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "common/base/author.h"

namespace ondol::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 10'000;
constexpr std::size_t kMostFileBytes = 1 << 20;
constexpr std::size_t kMostBytes = 60 << 20;  // fits into one admin message of 64 MiB with its paths
constexpr int kDeepest = 8;

bool is_inside(const fs::path& path, const fs::path& directory) {
  const auto [at, unused] = std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
  return at == directory.end();
}

// `directory` is canonical.
Result<void> check_entry(const fs::directory_entry& entry, const fs::path& directory) {
  std::error_code error;
  const std::string where = entry.path().string();
  if (escaped(where) != where) {
    return fail(Errc::kInvalidInput, "a layer's name has control characters or is not UTF-8", escaped(where), "rename it");
  }
  const fs::path real = fs::canonical(entry.path(), error);
  if (error) return fail(Errc::kInvalidInput, "cannot be followed: " + error.message(), where, "remove the link");
  if (!is_inside(real, directory)) {
    return fail(Errc::kInvalidInput, fmt::format("leads out of the fleet directory, to {}", real.string()), where,
                "put the file itself there");
  }
  if (entry.is_symlink() && fs::is_directory(real)) {
    return fail(Errc::kInvalidInput, "is a link to a folder", where, "put the folder itself there");
  }
  return {};
}

class LayerReader {
 public:
  explicit LayerReader(fs::path directory) : directory_(std::move(directory)) {}

  Result<std::vector<LayerSource>> read() && {
    std::error_code error;
    fs::recursive_directory_iterator walk(directory_ / "layers", error);
    if (error) {
      return fail(Errc::kInvalidInput, "has no readable folder layers: " + error.message(), directory_.string(),
                  "name the fleet directory, the one that holds layers/");
    }
    for (; walk != fs::recursive_directory_iterator(); walk.increment(error)) {
      if (walk.depth() > kDeepest) return fail(Errc::kLimit, "is too deep", walk->path().string(), "layers/KIND/NAME.yaml");
      ONDOL_TRY(take(*walk));
    }
    if (error) return fail(Errc::kIo, "cannot be read: " + error.message(), directory_.string());
    if (layers_.empty()) return fail(Errc::kInvalidInput, "holds no layer files", (directory_ / "layers").string());
    std::ranges::sort(layers_, {}, &LayerSource::path);
    return std::move(layers_);
  }

 private:
  Result<void> take(const fs::directory_entry& entry) {
    ONDOL_TRY(check_entry(entry, directory_));
    if (entry.is_directory()) return {};
    const std::string where = entry.path().string();
    if (entry.path().extension() == ".yml") {
      return fail(Errc::kInvalidInput, "is not read", where, "layer files end in .yaml");
    }
    if (entry.path().extension() != ".yaml") return {};
    if (!entry.is_regular_file()) return fail(Errc::kInvalidInput, "is not a regular file", where);
    if (layers_.size() == kMostFiles) return fail(Errc::kInvalidInput, fmt::format("more than {} layer files", kMostFiles));
    auto content = read_bounded(entry.path(), kMostFileBytes);
    if (!content) return fail(std::move(content.error()));
    bytes_ += content->size();
    if (bytes_ > kMostBytes) return fail(Errc::kInvalidInput, fmt::format("layers of more than {} bytes", kMostBytes));
    layers_.push_back({fs::relative(entry.path(), directory_).string(), std::move(*content)});
    return {};
  }

  fs::path directory_;
  std::size_t bytes_ = 0;
  std::vector<LayerSource> layers_;
};

}  // namespace

Result<std::vector<LayerSource>> read_layers(const fs::path& directory) {
  std::error_code error;
  const fs::path real = fs::canonical(directory, error);
  if (error) return fail(Errc::kInvalidInput, error.message(), directory.string(), "name the fleet directory");
  return LayerReader(real).read();
}

Result<std::string> read_bounded(const fs::path& path, std::size_t most_bytes) {
  std::ifstream file;
  const bool is_input = path == "-";
  if (!is_input) file.open(path, std::ios::binary);
  if (!is_input && !file) return fail(Errc::kInvalidInput, "cannot be opened", path.string(), "check its name and mode");
  std::istream& in = is_input ? std::cin : file;
  std::string content(most_bytes + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (in.bad()) return fail(Errc::kIo, "cannot be read", path.string());
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (content.size() > most_bytes) {
    return fail(Errc::kInvalidInput, fmt::format("is larger than {} bytes", most_bytes), path.string(), "split it");
  }
  return content;
}

}  // namespace ondol::cli
