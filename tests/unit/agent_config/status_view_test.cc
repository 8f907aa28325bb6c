#include "agent/local/status_view.h"

#include <gtest/gtest.h>

namespace ondol::agent {
namespace {

AgentFacts facts() {
  AgentFacts facts;
  facts.version = "0.1.0";
  facts.host = "web-01";
  facts.now = {WallTime{Seconds{1'800'000'000}}, BootTime{Seconds{100}}};
  facts.certificate_expires = WallTime{Seconds{1'800'003'600}};
  facts.core.ready = facts.core.managed = facts.core.enforces = true;
  facts.core.wanted = 3;
  facts.core.by_state[routes::RouteState::kInSync] = 2;
  facts.core.by_state[routes::RouteState::kWaiting] = 1;
  facts.core.last_read = BootTime{Seconds{98}};
  routes::RouteKey key;
  key.destination = parse_prefix("10.20.0.0/16").value();
  facts.core.not_in_sync.push_back({key, routes::RouteState::kWaiting, "eth1 down\x1b[2J", std::nullopt, facts.now.wall});
  facts.core.generations.running = Generation{7};
  facts.core.generations.blocked = "held";
  facts.core.session = SessionState::kDown;
  facts.core.session_reason = "connection refused";
  return facts;
}

TEST(Status, AsJsonHasStableKeys) {
  const auto status = render_json(facts());
  EXPECT_EQ(status["identity"]["host"], "web-01");
  EXPECT_EQ(status["identity"]["certificate_expires"], "2027-01-15T09:00:00.000Z");
  EXPECT_EQ(status["generation"]["running"], 7);
  EXPECT_EQ(status["routes"]["by_state"]["waiting"], 1);
  EXPECT_EQ(status["routes"]["mode"], "enforce");
  EXPECT_DOUBLE_EQ(status["routes"]["sweep_age_seconds"], 2.0);
  EXPECT_EQ(status["session"]["state"], "down");
}

TEST(Status, AsTextSaysWhatIsWrongAndEscapesWhatHostsSay) {
  const std::string text = render_text(render_json(facts()));
  EXPECT_NE(text.find("blocked       held"), std::string::npos) << text;
  EXPECT_NE(text.find("down since"), std::string::npos);
  EXPECT_NE(text.find("connection refused"), std::string::npos);
  EXPECT_NE(text.find("eth1 down\\x1b[2J"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Status, OfAnotherVersionIsShownAsFarAsItIsKnown) {
  EXPECT_NE(render_text(nlohmann::json::object()).find("unknown"), std::string::npos);
  EXPECT_NE(render_text(nlohmann::json{{"routes", {{"by_state", {{"new_state", 4}}}}}}).find("4 new_state"), std::string::npos);
}

}  // namespace
}  // namespace ondol::agent
