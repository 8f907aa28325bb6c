// Kill -9 under load, again and again: what was acknowledged is there after every start.
#include <gtest/gtest.h>
#include <grpcpp/grpcpp.h>

#include "tests/integration/collector/reported.h"
#include "tests/integration/collector/scripted_agent.h"

namespace ondol::collector {
namespace {

constexpr int kCycles = 20;
constexpr const char* kCard = "10.20.0.0/16 via 10.0.0.1";

session::ValueReport numbered_value(std::uint64_t number) {
  return reported({"10." + std::to_string(number / 256 % 256) + "." + std::to_string(number % 256) + ".0/24 via 10.0.0.1"});
}

struct Load {
  std::uint64_t sent = 0, acknowledged = 0;  // events
  std::optional<Digest> held;                // the last value that was acknowledged
  std::vector<Digest> newer;                 // sent after it
};

// Sends events one batch at a time and values beside them; gives the collector no rest until it is killed.
void press(ScriptedAgent& agent, Load& load, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const session::ValueReport value = numbered_value(load.sent);
    load.newer.push_back(value.digest);
    agent.say(value);
    const std::uint64_t first = load.sent + 1;
    agent.say(batch({removed(first, kCard), repair(first + 1, kCard, first)}));
    load.sent += 2;
    const auto ack = agent.wait_until<session::EventAck>([&](const auto& a) { return a.durable.value >= load.sent; });
    ASSERT_TRUE(ack);
    load.acknowledged = ack->durable.value;
    if (agent.wait_until<session::ValueAck>([&](const auto& a) { return a.digest == value.digest; })) {
      load.held = value.digest;
      load.newer.clear();
    }
  }
}

void expect_kept(const session::Welcome& welcome, const Load& load) {
  EXPECT_GE(welcome.durable_event.value, load.acknowledged);
  EXPECT_LE(welcome.durable_event.value, load.sent);
  ASSERT_EQ(welcome.held.size(), 1u);
  const bool newer = std::find(load.newer.begin(), load.newer.end(), welcome.held[0].digest) != load.newer.end();
  EXPECT_TRUE(welcome.held[0].digest == load.held || newer);
}

TEST(Crash, KilledTwentyTimesUnderLoadNothingAcknowledgedIsLost) {
  RealCollector collector;
  collector.start();
  collector.import({"h1"});
  ScriptedAgent agent(collector, "h1");
  Load load;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    agent.next_event = EventSequence{load.sent + 1};
    agent.connect();
    const auto welcome = agent.wait_for<session::Welcome>();
    ASSERT_TRUE(welcome) << "cycle " << cycle;
    if (cycle > 0) expect_kept(*welcome, load);
    load.sent = load.acknowledged = welcome->durable_event.value;
    press(agent, load, 5 + cycle % 3);
    // Not waited for: these may be lost, in whole batches only.
    load.newer.push_back(numbered_value(999'000 + load.sent).digest);
    agent.say(numbered_value(999'000 + load.sent));
    agent.say(batch({removed(load.sent + 1, kCard), repair(load.sent + 2, kCard, load.sent + 1)}));
    load.sent += 2;
    collector.kill();
    ASSERT_TRUE(agent.wait_for_close());
    collector.start();
  }
  v1::HostHistoryRequest request;
  request.set_host("h1");
  request.set_limit(1'000);
  v1::HostHistoryReply reply;
  grpc::ClientContext context;
  ASSERT_TRUE(collector.admin().HostHistory(&context, request, &reply).ok());
  ASSERT_GE(static_cast<std::uint64_t>(reply.entries_size()), load.acknowledged);
  for (int i = 0; i + 1 < reply.entries_size(); ++i) {
    EXPECT_EQ(reply.entries(i).event().sequence(), reply.entries(i + 1).event().sequence() + 1) << "no gaps, none twice";
  }
  EXPECT_EQ(reply.lost_events(), 0u);
}

}  // namespace
}  // namespace ondol::collector
