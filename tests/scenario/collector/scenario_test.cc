// Every *.txt beside this file is a story; its blocks are played and compared. ONDOL_REWRITE=1 writes what happened.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/scenario/collector/script.h"

namespace ondol::collector {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(ONDOL_SOURCE_DIR) / "tests/scenario/collector";

std::vector<std::string> stories() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt") {
      names.push_back(entry.path().stem());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Plays the commands of a story and writes the story with what really happened.
std::string play(const std::string& story) {
  Script script;
  std::istringstream in(story);
  std::string out, came;
  bool below = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "----") {
      out += "----\n" + std::exchange(came, "");
      below = true;
      continue;
    }
    if (line.empty()) below = false;
    if (below) continue;
    out += line + "\n";
    if (!line.empty() && line[0] != '#') came += script.run(line);
  }
  return out;
}

class CollectorScenario : public ::testing::TestWithParam<std::string> {};

TEST_P(CollectorScenario, HappensAsWritten) {
  const auto path = kFolder / (GetParam() + ".txt");
  const std::string story = read_file(path);
  const std::string played = play(story);
  if (std::getenv("ONDOL_REWRITE") != nullptr) std::ofstream(path) << played;
  EXPECT_EQ(played, story);
}

INSTANTIATE_TEST_SUITE_P(Stories, CollectorScenario, ::testing::ValuesIn(stories()),
                         [](const auto& story) { return story.param; });

}  // namespace
}  // namespace ondol::collector
