#include <nlohmann/json.hpp>

#include "tests/integration/agent/agent_host.h"

namespace ondol::agent {
namespace {

using fixtures::run;
using session::RepairOutcome;

TEST_F(AgentHost, GetsItsRoutesAndHasThemPutBackWithTheAuthorOfEachChange) {
  start();
  collector_.offer(desired(1, many(50)));
  ASSERT_TRUE(confirmed(1));
  EXPECT_EQ(in_kernel().size(), 50U);
  run("ip route del 10.100.7.0/24");
  ASSERT_TRUE(repaired("10.100.7.0/24"));
  run("ip route replace 10.100.8.0/24 via 10.0.0.9");
  ASSERT_TRUE(repaired("10.100.8.0/24"));
  EXPECT_TRUE(in_kernel().contains("10.100.8.0/24 via 10.0.0.2 proto ondol"));
  for (const auto& change : collector_.events_of<session::RouteChange>()) {
    ASSERT_TRUE(change.author && change.author->pid);
    // Gone before it could be read, or named rightly; never guessed.
    EXPECT_TRUE(!change.author->command || change.author->command->starts_with("ip route ")) << *change.author->command;
  }
  for (const auto& repair : collector_.events_of<session::RouteRepair>()) {
    EXPECT_GT(repair.latency, Nanoseconds{0});
    EXPECT_LT(repair.latency, Seconds{1});
  }
}

TEST_F(AgentHost, TellsOfAForeignRouteAndLeavesItAlone) {
  start();
  collector_.offer(desired(1, many(3)));
  ASSERT_TRUE(confirmed(1));
  run("ip route add 10.99.0.0/16 via 10.0.0.2");
  ASSERT_TRUE(collector_.wait_for([](const auto& events) {
    return std::ranges::any_of(events, [](const auto& e) {
      const auto* repair = std::get_if<session::RouteRepair>(&e.what);
      return repair != nullptr && repair->outcome == RepairOutcome::kReportOnly;
    });
  }));
  EXPECT_EQ(in_kernel().size(), 4U);
}

TEST_F(AgentHost, TakesOverWhatWasThereByHandWithoutASingleDelete) {
  run("ip route add 10.100.0.0/24 via 10.0.0.2; ip route add 10.100.1.0/24 via 10.0.0.9 proto static");
  const auto watcher = routes::open_route_socket({.blame = false}).value();
  start();
  DesiredState state = desired(1, many(2));
  state.routes->on_conflict = routes::OnConflict::kTakeOver;
  collector_.offer(state);
  ASSERT_TRUE(confirmed(1));
  EXPECT_EQ(in_kernel(), (std::set<std::string>{"10.100.0.0/24 via 10.0.0.2 proto ondol",
                                                "10.100.1.0/24 via 10.0.0.2 proto ondol"}));
  for (const auto& change : watcher->drain().changes) EXPECT_NE(change.kind, session::ChangeKind::kRemoved);
}

TEST_F(AgentHost, GetsItsRoutesBackWhenALinkGoesDownAndUpOrLosesItsAddress) {
  start();
  collector_.offer(desired(1, many(20)));
  ASSERT_TRUE(confirmed(1));
  run("ip link set eth0 down");
  ASSERT_TRUE(collector_.wait_for([](const auto& events) {
    return std::ranges::count_if(events, [](const auto& e) {
             const auto* repair = std::get_if<session::RouteRepair>(&e.what);
             return repair != nullptr && repair->outcome == RepairOutcome::kWaiting;
           }) == 20;
  }));
  run("ip link set eth0 up");
  ASSERT_TRUE(repaired("10.100.19.0/24"));
  EXPECT_EQ(in_kernel().size(), 20U);
  run("ip address del 10.0.0.1/24 dev eth0");
  ASSERT_TRUE(collector_.wait_for([](const auto& events) {
    return std::ranges::count_if(events, [](const auto& e) {
             const auto* repair = std::get_if<session::RouteRepair>(&e.what);
             return repair != nullptr && repair->outcome == RepairOutcome::kWaiting;
           }) == 40;
  }));
  run("ip address add 10.0.0.1/24 dev eth0");
  ASSERT_TRUE(repaired("10.100.19.0/24", 2));
  EXPECT_EQ(in_kernel().size(), 20U);
}

// The kernel's filter keeps routes of daemons from us, also one that takes the place of ours: only a sweep finds that.
TEST_F(AgentHost, FindsByASweepThatADaemonTookARoutesPlaceAndSaysWhichUntilItIsGone) {
  start();
  collector_.offer(desired(1, many(5)));
  ASSERT_TRUE(confirmed(1));
  run("ip route replace 10.100.3.0/24 via 10.0.0.9 proto bird");
  ASSERT_TRUE(collector_.wait_for([](const auto& events) {
    return std::ranges::any_of(events, [](const auto& e) {
      const auto* repair = std::get_if<session::RouteRepair>(&e.what);
      return repair != nullptr && repair->outcome == RepairOutcome::kFailed &&
             repair->reason == "10.100.3.0/24 is held by a bird route";
    });
  }));
  EXPECT_TRUE(in_kernel().contains("10.100.2.0/24 via 10.0.0.2 proto ondol"));
  const auto changes = collector_.events_of<session::RouteChange>();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].kind, session::ChangeKind::kVanished);
  EXPECT_FALSE(changes[0].author) << "nobody is named on a guess";
  run("ip route del 10.100.3.0/24 proto bird");
  ASSERT_TRUE(repaired("10.100.3.0/24"));
}

TEST_F(AgentHost, RollsBackWhatTheKernelRefusesAsAWhole) {
  run("ip link add dummy-peer type veth peer name eth1; ip link set eth1 up; ip address add 10.1.0.1/24 dev eth1");
  start();
  collector_.offer(desired(1, many(5)));
  ASSERT_TRUE(confirmed(1));
  const auto before = in_kernel();
  auto wanted = many(8);
  wanted.push_back(routes::unicast("10.1.0.0/24", "10.0.0.2"));  // the connected network holds this key
  collector_.offer(desired(2, wanted));
  ASSERT_TRUE(collector_.wait_for([](const auto& events) { return has_result(events, 2, session::GenerationOutcome::kRolledBack); }));
  EXPECT_EQ(in_kernel(), before);
  const auto result = collector_.events_of<session::GenerationResult>().back();
  ASSERT_EQ(result.refused.size(), 1U);
  EXPECT_EQ(render(result.refused[0].key.destination), "10.1.0.0/24");
}

TEST_F(AgentHost, EnforcesWithoutTheCollectorFromTheFirstSecond) {
  start();
  collector_.offer(desired(1, many(10)));
  ASSERT_TRUE(confirmed(1));
  stop();
  run("ip route flush proto 79");
  collector_.is_away = true;
  start();
  while (!send_local(config_.local_socket, "status")) std::this_thread::yield();
  for (const auto give_up = read_now().boot + Seconds{10}; in_kernel().size() < 10 && read_now().boot < give_up;) {
    std::this_thread::yield();
  }
  EXPECT_EQ(in_kernel().size(), 10U);
}

TEST_F(AgentHost, HoldsReleasesAndWithdrawsOnRequest) {
  start();
  collector_.offer(desired(1, many(5)));
  ASSERT_TRUE(confirmed(1));
  ASSERT_TRUE(send_local(config_.local_socket, "hold")->accepted);
  run("ip route del 10.100.1.0/24");
  ASSERT_TRUE(collector_.wait_for([](const auto& events) {
    return std::ranges::any_of(events, [](const auto& e) {
      const auto* repair = std::get_if<session::RouteRepair>(&e.what);
      return repair != nullptr && repair->outcome == RepairOutcome::kHeld;
    });
  }));
  EXPECT_EQ(in_kernel().size(), 4U);
  ASSERT_TRUE(send_local(config_.local_socket, "release")->accepted);
  ASSERT_TRUE(repaired("10.100.1.0/24"));
  const auto status = nlohmann::json::parse(send_local(config_.local_socket, "status")->status);
  EXPECT_EQ(status["generation"]["running"], 1);
  EXPECT_EQ(status["identity"]["host"], "web-01");
  EXPECT_EQ(status["routes"]["by_state"]["in_sync"], 5);
  ASSERT_TRUE(send_local(config_.local_socket, "withdraw")->accepted);
  EXPECT_TRUE(in_kernel().empty());
}

TEST_F(AgentHost, ObeysAGuardFileThatAppearsWhileItRuns) {
  start();
  collector_.offer(desired(1, many(5)));
  ASSERT_TRUE(confirmed(1));
  fixtures::write_text(config_.guard_file, "protected: { prefixes: [10.100.0.0/16] }\n");
  collector_.offer(desired(2, many(6)));
  ASSERT_TRUE(collector_.wait_for([](const auto& events) { return has_result(events, 2, session::GenerationOutcome::kRefused); }));
  EXPECT_EQ(in_kernel().size(), 5U);
}

TEST_F(AgentHost, ReadsAllAgainWhenEventsWereLost) {
  config_.receive_buffer_bytes = 64 << 10;
  start();
  collector_.offer(desired(1, many(10)));
  ASSERT_TRUE(confirmed(1));
  // However fast the agent's thread is: it reads nothing before all of it has happened.
  collector_.occupy([] {
    run("i=0; while [ $i -lt 20000 ]; do echo \"route add 11.$((i / 250)).$((i % 250)).0/24 via 10.0.0.2 proto static\"; i=$((i + 1)); done"
        " | ip -batch -; ip route flush proto 79");
  });
  ASSERT_TRUE(collector_.wait_for([](const auto& events) {
    return std::ranges::any_of(events, [](const auto& e) {
      const auto* notice = std::get_if<session::ObserverNotice>(&e.what);
      return notice != nullptr && notice->what == "overrun";
    });
  }));
  ASSERT_TRUE(repaired("10.100.9.0/24"));
  EXPECT_EQ(in_kernel().size(), 20'010U);
}

}  // namespace
}  // namespace ondol::agent
