// Plays every story beside this file and compares what agents and collector did with what is written there.
#include "tests/fakes/story_file.h"
#include "tests/scenario/road/road_script.h"

namespace ondol::scenario {
namespace {

class RoadStories : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(RoadStories, GoAsWritten) {
  RoadScript script;
  fakes::expect_as_written(GetParam(), [&](const auto& lines) { return script.play(lines); });
}

INSTANTIATE_TEST_SUITE_P(Road, RoadStories, testing::ValuesIn(fakes::stories_in("tests/scenario/road")), fakes::name_of_story);

}  // namespace
}  // namespace ondol::scenario
