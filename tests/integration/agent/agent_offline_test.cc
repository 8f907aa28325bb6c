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

TEST_F(Offline, RollbackHoldsAndTakesBackWhatACrashLeft) {
  const auto nothing = roll_back(config_, parts());
  ASSERT_TRUE(nothing) << render(nothing.error());
  EXPECT_EQ(nothing->find("nothing was being tried"), 0U) << *nothing;
  ASSERT_TRUE(set_hold(parts(), false));

  const routes::Route tried = routes::unicast("10.70.0.0/16", "10.0.0.2");
  const routes::RouteOp add{routes::OpKind::kAdd, tried, routes::kOurProtocol, std::nullopt, false};
  {
    const auto opened = parts();
    ASSERT_TRUE(opened.state->write_highest({Generation{2}, Revision{"r2"}, false}));
    Ledger ledger = **opened.state->read().ledger;
    ledger.entries[tried.key] = {tried.value, true};
    ASSERT_TRUE(opened.state->write_ledger(ledger));
    ASSERT_TRUE(opened.state->write_journal({desired(2, {tried}), routes::inverse({add}), read_boot_id(), {}}));
    EXPECT_TRUE(opened.routes->apply({add}).failures.empty());
  }
  EXPECT_EQ(in_kernel().size(), 11U);
  const auto done = roll_back(config_, parts());
  ASSERT_TRUE(done) << render(done.error());
  EXPECT_EQ(done->find("rolled back; held; "), 0U) << *done;
  EXPECT_EQ(in_kernel().size(), 10U);
  EXPECT_TRUE(parts().state->read().held);
}

}  // namespace
}  // namespace ondol::agent
