#include "agent/runtime/offline.h"

#include "tests/integration/agent/agent_host.h"

namespace ondol::agent {
namespace {

class Offline : public AgentHost {
 protected:
  void SetUp() override {
    AgentHost::SetUp();
    auto wanted = many(10);
    wanted.push_back(routes::unicast("10.60.0.0/16", "10.9.0.2", "eth9"));
    start();
    collector_.offer(desired(1, wanted));
    ASSERT_TRUE(confirmed(1));
    stop();
  }
};

TEST_F(Offline, RestorePutsBackWhatCanBeAndSaysWhatWaits) {
  fixtures::run("ip route flush proto 79");
  const auto text = restore_confirmed(config_, parts());
  ASSERT_TRUE(text) << render(text.error());
  EXPECT_EQ(in_kernel().size(), 10U);
  EXPECT_NE(text->find("10 of 11 routes in place"), std::string::npos) << *text;
  EXPECT_NE(text->find("eth9 missing"), std::string::npos) << *text;
}

TEST_F(Offline, WithdrawRemovesOursOnlyAndForgetsWhatWasConfirmed) {
  fixtures::run("ip route add 10.77.0.0/16 via 10.0.0.2");
  ASSERT_TRUE(withdraw_ours(parts()));
  EXPECT_EQ(in_kernel(), std::set<std::string>{"10.77.0.0/16 via 10.0.0.2 proto boot"});
  ASSERT_TRUE(restore_confirmed(config_, parts()));
  EXPECT_EQ(in_kernel().size(), 1U);
}

TEST_F(Offline, AHoldIsObeyedByTheNextStart) {
  ASSERT_TRUE(set_hold(parts(), true));
  fixtures::run("ip route flush proto 79");
  ASSERT_TRUE(restore_confirmed(config_, parts()));
  EXPECT_TRUE(in_kernel().empty());
  ASSERT_TRUE(set_hold(parts(), false));
  ASSERT_TRUE(restore_confirmed(config_, parts()));
  EXPECT_EQ(in_kernel().size(), 10U);
}

}  // namespace
}  // namespace ondol::agent
