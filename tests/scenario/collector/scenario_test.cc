// Plays every story beside this file and compares what the collector did with what is written there.
#include "tests/fakes/story_file.h"
#include "tests/scenario/collector/script.h"

namespace ondol::collector {
namespace {

class CollectorScenario : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(CollectorScenario, HappensAsWritten) {
  Script script;
  fakes::expect_as_written(GetParam(), [&](const auto& lines) {
    std::string came;
    for (const std::string& line : lines) came += script.run(line);
    return came;
  });
}

INSTANTIATE_TEST_SUITE_P(Stories, CollectorScenario, ::testing::ValuesIn(fakes::stories_in("tests/scenario/collector")),
                         fakes::name_of_story);

}  // namespace
}  // namespace ondol::collector
