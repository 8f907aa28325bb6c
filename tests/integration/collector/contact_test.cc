// Proof of contact through the real collector: what is offered is confirmed on a connection of its own, and nothing else.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/collector/reported.h"
#include "tests/integration/collector/scripted_agent.h"

namespace ondol::collector {
namespace {

using session::Contact;
using session::ContactPhase;

constexpr const char* kFirst = "routes:\n  list:\n    - { to: 10.20.0.0/16, via: 10.0.0.1 }\n";
constexpr const char* kSecond = "routes:\n  list:\n    - { to: 10.21.0.0/16, via: 10.0.0.1 }\n";

struct ContactRoad : ::testing::Test {
  RealCollector collector;
  void SetUp() override {
    collector.start();
    collector.import({"h1"});
  }
  Contact contact(std::uint64_t generation, ContactPhase phase = ContactPhase::kAfter, std::vector<std::uint16_t> ports = {}) {
    return {HostId{"h1"}, Generation{generation}, phase, "i1", std::move(ports)};
  }
};

TEST_F(ContactRoad, TheOfferedGenerationIsConfirmedAndTheOneBeforeIsSuperseded) {
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  collector.apply(kFirst);
  ASSERT_TRUE(agent.wait_for<session::DesiredOffer>());
  const auto first = agent.ask(contact(1));
  ASSERT_TRUE(first) << render(first.error());
  EXPECT_TRUE(first->confirmed) << first->reason;
  collector.apply(kSecond);
  const auto old = agent.ask(contact(1));
  ASSERT_TRUE(old) << render(old.error());
  EXPECT_FALSE(old->confirmed);
  EXPECT_EQ(old->reason, "superseded by generation 2");
  agent.hang_up();
  const auto alone = agent.ask(contact(2));
  ASSERT_TRUE(alone) << render(alone.error());
  EXPECT_TRUE(alone->confirmed) << "the contact proves itself: " << alone->reason;
}

TEST_F(ContactRoad, PortsOfTheHostAreTriedFromTheCollectorsSide) {
  ScriptedAgent agent(collector, "h1");
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::uint16_t port = ntohs(address.sin_port);

  const auto closed = agent.ask(contact(0, ContactPhase::kBefore, {port}));
  ASSERT_TRUE(closed) << render(closed.error());
  EXPECT_FALSE(closed->inbound.at(0).green);
  EXPECT_EQ(closed->inbound.at(0).text, "Connection refused");
  ASSERT_EQ(::listen(listener, 1), 0);
  const auto open = agent.ask(contact(0, ContactPhase::kBefore, {port}));
  ASSERT_TRUE(open) << render(open.error());
  EXPECT_TRUE(open->inbound.at(0).green) << open->inbound.at(0).text;
  EXPECT_FALSE(open->confirmed) << "nothing was applied yet";
  ::close(listener);
}

TEST_F(ContactRoad, ATrialAndItsEndAreSeenByTheOperatorAndInTheMetrics) {
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  collector.apply(kFirst);
  ASSERT_TRUE(agent.wait_for<session::DesiredOffer>());
  session::GenerationResult result;
  result.generation = Generation{1};
  result.outcome = session::GenerationOutcome::kTrial;
  result.deadline = Milliseconds{60'000};
  result.probes.push_back({{trial::ProbeKind::kInbound, "ssh", {}, 22}, true, "connected", Milliseconds{1}});
  session::GenerationStatus status;
  status.received = status.applied = status.trial = Generation{1};
  status.trial_left = Milliseconds{60'000};
  agent.say(status);
  agent.say(batch({{EventSequence{1}, {}, result}}));
  ASSERT_TRUE(agent.wait_for<session::EventAck>());
  EXPECT_TRUE(collector.show("h1").trial().running());
  EXPECT_GT(collector.show("h1").trial().deadline_unix_ns(), 0);
  result.outcome = session::GenerationOutcome::kRolledBack;
  result.reason = "probe: inbound tcp/22 (ssh) was green before: timed out";
  agent.say(batch({{EventSequence{2}, {}, result}}));
  const auto is_second = [](const session::EventAck& ack) { return ack.durable == EventSequence{2}; };
  ASSERT_TRUE(agent.wait_until<session::EventAck>(is_second));
  EXPECT_FALSE(collector.show("h1").trial().running());
  EXPECT_EQ(collector.status().trials_rolled_back(), 1u);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);  // metrics are copied once a second
  while (collector.metrics().find("ondol_collector_trials_total{end=\"probe\"} 1") == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << collector.metrics();
  }
  EXPECT_NE(collector.metrics().find("ondol_collector_trials_total{end=\"no_contact\"} 0"), std::string::npos);
}

TEST_F(ContactRoad, ARevokedHostIsToldSo) {
  ScriptedAgent agent(collector, "h1");
  collector.apply(kFirst);
  ASSERT_TRUE(agent.ask(contact(1)));
  collector.revoke("h1");
  const auto refused = agent.ask(contact(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the collector refused the contact: certificate revoked");
}

TEST_F(ContactRoad, ACollectorThatWasKilledAndStartedAgainStillConfirmsWhatItHadOffered) {
  ScriptedAgent agent(collector, "h1");
  collector.apply(kFirst);
  collector.kill();
  const auto dead = agent.ask(contact(1));
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code, Errc::kUnavailable) << dead.error().message;
  collector.start();
  const auto reply = agent.ask(contact(1));
  ASSERT_TRUE(reply) << render(reply.error());
  EXPECT_TRUE(reply->confirmed) << reply->reason;
}

}  // namespace
}  // namespace ondol::collector
