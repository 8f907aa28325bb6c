// Stories in text files: comments and command lines, "----", what came of them, an empty line.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace ondol::fakes {

inline std::vector<std::filesystem::path> stories_in(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(ONDOL_SOURCE_DIR) / folder)) {
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The story with what really happened: `play` gets the command lines of one block.
inline std::string replayed(const std::string& story, const std::function<std::string(const std::vector<std::string>&)>& play) {
  std::istringstream in(story);
  std::string out, line;
  std::vector<std::string> commands;
  bool is_below = false;
  while (std::getline(in, line)) {
    if (is_below) {
      is_below = !line.empty();
      if (line.empty()) out += "\n";
      continue;
    }
    out += line + "\n";
    if (line == "----") {
      out += play(commands);
      commands.clear();
      is_below = true;
    } else if (!line.empty() && line[0] != '#') {
      commands.push_back(line);
    }
  }
  return out;
}

// ONDOL_REWRITE=1 in the environment writes the story anew; read the difference like prose.
inline void expect_as_written(const std::filesystem::path& path,
                              const std::function<std::string(const std::vector<std::string>&)>& play) {
  std::ifstream in(path);
  const std::string written{std::istreambuf_iterator<char>(in), {}};
  const std::string played = replayed(written, play);
  if (std::getenv("ONDOL_REWRITE") != nullptr) std::ofstream(path) << played;
  EXPECT_EQ(played, written);
}

inline std::string name_of_story(const testing::TestParamInfo<std::filesystem::path>& story) { return story.param.stem().string(); }

}  // namespace ondol::fakes
