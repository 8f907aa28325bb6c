// Plays every story beside this file and compares what the agent did with what is written there.
#include "tests/fakes/agent_script.h"
#include "tests/fakes/story_file.h"

namespace ondol::scenario {
namespace {

class Stories : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Stories, GoAsWritten) {
  fakes::AgentWorld world;
  fakes::expect_as_written(GetParam(), [&](const auto& lines) { return play(world, lines); });
}

INSTANTIATE_TEST_SUITE_P(Agent, Stories, testing::ValuesIn(fakes::stories_in("tests/scenario/agent")), fakes::name_of_story);

}  // namespace
}  // namespace ondol::scenario
