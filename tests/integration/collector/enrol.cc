#include "tests/integration/collector/enrol.h"

#include <gtest/gtest.h>

#include "agent/enroll/enroll_client.h"
#include "common/loop/clocks.h"

namespace ondol::collector {

std::string enrol(RealCollector& collector, const std::string& host, const std::filesystem::path& directory) {
  agent::EnrollTarget target;
  target.address = collector.enroll_address();
  target.identity_dir = directory;
  const auto facts = agent::enroll(target, collector.create_token(host), read_now().wall);
  EXPECT_TRUE(facts) << render(facts.error());
  EXPECT_EQ(facts->host, HostId{host});
  return directory / "current";
}

}  // namespace ondol::collector
