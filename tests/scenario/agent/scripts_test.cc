// Plays every story beside this file and compares what the agent did with what is written there.
// ONDOL_REWRITE=1 in the environment writes the stories anew; read the difference like prose.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/fakes/agent_script.h"

namespace ondol::scenario {
namespace {

namespace fs = std::filesystem;

// Comment lines stay; a block is command lines, "----", and the output up to an empty line.
std::string replay(const std::string& text) {
  fakes::AgentWorld world;
  std::istringstream in(text);
  std::string out, line;
  std::vector<std::string> command;
  bool in_output = false;
  while (std::getline(in, line)) {
    if (in_output) {
      in_output = !line.empty();
      if (line.empty()) out += "\n";
      continue;
    }
    out += line + "\n";
    if (line == "----") {
      out += play(world, command);
      command.clear();
      in_output = true;
    } else if (!line.empty() && line[0] != '#') {
      command.push_back(line);
    }
  }
  return out;
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Stories : public testing::TestWithParam<fs::path> {};

TEST_P(Stories, GoAsWritten) {
  const std::string written = read_text(GetParam());
  const std::string played = replay(written);
  if (std::getenv("ONDOL_REWRITE") != nullptr) {
    std::ofstream(GetParam()) << played;
    return;
  }
  EXPECT_EQ(played, written);
}

std::vector<fs::path> all_stories() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(ONDOL_SOURCE_DIR "/tests/scenario/agent")) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

INSTANTIATE_TEST_SUITE_P(Agent, Stories, testing::ValuesIn(all_stories()),
                         [](const auto& story) { return story.param.stem().string(); });

}  // namespace
}  // namespace ondol::scenario
