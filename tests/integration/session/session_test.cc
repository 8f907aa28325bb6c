#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "common/wire/routes_wire.h"
#include "tests/integration/session/road.h"

namespace ondol {
namespace {

routes::Route route_number(std::uint32_t number) {
  routes::Route route;
  route.key.destination = *parse_prefix("11." + std::to_string(number / 65536) + "." + std::to_string(number / 256 % 256) +
                                        "." + std::to_string(number % 256) + "/32");
  routes::Nexthop hop;
  hop.gateway = *parse_address("10.0.0.1");
  route.value.nexthops.push_back(hop);
  return route;
}

session::ValueReport report_of(std::uint32_t count) {
  session::ValueReport report;
  for (std::uint32_t i = 0; i < count; ++i) report.routes.snapshot.routes.push_back({route_number(i), 79, routes::Ownership::kOurs});
  report.routes.snapshot.compared = count;
  report.payload = wire::encode(report.routes);
  report.digest = digest_of(report.payload);
  return report;
}

class SessionTest : public ::testing::Test {
 protected:
  TurnedLoop loop_;
  Authority authority_;
};

TEST_F(SessionTest, HelloValuesAndDesiredStateCrossWhole) {
  Server server(loop_, authority_);
  Agent agent(loop_);
  agent.open(server.address(), authority_.agent_dir("pay-web-01"));
  ASSERT_TRUE(loop_.run_until([&] { return agent.is_open || agent.times_closed > 0; }));
  ASSERT_TRUE(agent.is_open) << agent.close_reason;
  agent.link->send(hello_of("pay-web-01"));
  const auto value = report_of(40'000);
  agent.link->send(value);
  session::EventBatch events{EventSequence{1}, {}, 0};
  for (std::uint64_t i = 1; i <= 256; ++i) {
    events.events.push_back({EventSequence{i}, {}, session::ObserverNotice{session::ResourceType::kRoutes, "resync", "why"}});
  }
  agent.link->send(events);
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 3; }));
  EXPECT_EQ(std::get<session::EventBatch>(server.messages[2].second), events);
  EXPECT_EQ(server.opened.at(0).host, HostId{"pay-web-01"});
  EXPECT_EQ(std::get<session::ValueReport>(server.messages[1].second), value);

  DesiredState desired;
  desired.generation = Generation{7};
  desired.revision = Revision{std::string(64, 'a')};
  desired.routes.emplace();
  for (std::uint32_t i = 0; i < 40'000; ++i) desired.routes->routes.push_back(route_number(i));
  server.send(server.opened[0].id, session::DesiredOffer{desired});
  ASSERT_TRUE(loop_.run_until([&] { return !agent.messages.empty(); }));
  EXPECT_EQ(std::get<session::DesiredOffer>(agent.messages[0]).state, desired);
}

TEST_F(SessionTest, AnAgentThatSpeaksForAnotherHostIsClosed) {
  Server server(loop_, authority_);
  Agent agent(loop_);
  agent.open(server.address(), authority_.agent_dir("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return agent.is_open; }));
  agent.link->send(hello_of("h2"));
  ASSERT_TRUE(loop_.run_until([&] { return agent.times_closed == 1; }));
  EXPECT_TRUE(agent.refused) << agent.close_reason;
  EXPECT_NE(agent.close_reason.find("h2"), std::string::npos) << agent.close_reason;
  EXPECT_TRUE(server.messages.empty());
}

TEST_F(SessionTest, AMessageBeforeHelloClosesTheStream) {
  Server server(loop_, authority_);
  Agent agent(loop_);
  agent.open(server.address(), authority_.agent_dir("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return agent.is_open; }));
  agent.link->send(session::Heartbeat{});
  ASSERT_TRUE(loop_.run_until([&] { return agent.times_closed == 1 && !server.closed.empty(); }));
  EXPECT_TRUE(server.messages.empty());
  EXPECT_EQ(server.server->counters().bad_input, 1u);
}

TEST_F(SessionTest, ACertificateOfAnotherAuthorityIsRefused) {
  Server server(loop_, authority_);
  Authority stranger;
  Agent agent(loop_);
  agent.open(server.address(), stranger.agent_dir("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return agent.times_closed == 1; }));
  EXPECT_TRUE(agent.refused) << agent.close_reason;
  EXPECT_TRUE(server.opened.empty());
}

TEST_F(SessionTest, ACertificateThatTheCollectorDoesNotKnowIsNotCalledATcpFault) {
  Server server(loop_, authority_);
  Authority stranger;
  const std::string identity = stranger.agent_dir("h1");
  std::filesystem::copy_file(authority_.server_dir() + "/ca.pem", identity + "/ca.pem",
                             std::filesystem::copy_options::overwrite_existing);
  Agent agent(loop_);
  agent.open(server.address(), identity);
  ASSERT_TRUE(loop_.run_until([&] { return agent.times_closed == 1; }));
  EXPECT_NE(agent.close_reason.find("certificate"), std::string::npos) << agent.close_reason;
  EXPECT_EQ(agent.close_reason.find("no TCP"), std::string::npos) << agent.close_reason;
  EXPECT_TRUE(server.opened.empty());
}

TEST_F(SessionTest, NobodyListeningIsNoTcp) {
  Agent agent(loop_);
  agent.open("127.0.0.1:1", authority_.agent_dir("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return agent.times_closed == 1; }));
  EXPECT_EQ(agent.close_reason.rfind("no TCP", 0), 0u) << agent.close_reason;
}

TEST_F(SessionTest, AMissingIdentityNamesTheFileAndTheRemedy) {
  Agent agent(loop_);
  agent.open("127.0.0.1:1", "/nonexistent");
  ASSERT_TRUE(loop_.run_until([&] { return agent.times_closed == 1; }));
  EXPECT_NE(agent.close_reason.find("/nonexistent/certificate.pem"), std::string::npos);
  EXPECT_NE(agent.close_reason.find("enroll"), std::string::npos);
}

TEST_F(SessionTest, OneCertificateOnTwoStreamsIsSeenTwice) {
  Server server(loop_, authority_);
  const std::string identity = authority_.agent_dir("h1");
  Agent first(loop_), second(loop_);
  first.open(server.address(), identity);
  second.open(server.address(), identity);
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 2; }));
  EXPECT_NE(server.opened[0].id, server.opened[1].id);
}

TEST_F(SessionTest, AClosedStreamIsToldItsReasonAndCanBeOpenedAgain) {
  Server server(loop_, authority_);
  Agent agent(loop_);
  const std::string identity = authority_.agent_dir("h1");
  agent.open(server.address(), identity);
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 1 && agent.is_open; }));
  server.server->post([&] { server.server->close(server.opened[0].id, "come back later", std::chrono::milliseconds(1234)); });
  ASSERT_TRUE(loop_.run_until([&] { return agent.times_closed == 1; }));
  ASSERT_EQ(agent.messages.size(), 1u);
  EXPECT_EQ(std::get<session::Goodbye>(agent.messages[0]), (session::Goodbye{"come back later", Milliseconds(1234)}));
  agent.open(server.address(), identity);
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 2; }));
}

TEST_F(SessionTest, ServerStopEndsEveryStreamOnce) {
  auto server = std::make_unique<Server>(loop_, authority_);
  Agent one(loop_), two(loop_);
  one.open(server->address(), authority_.agent_dir("h1"));
  two.open(server->address(), authority_.agent_dir("h2"));
  ASSERT_TRUE(loop_.run_until([&] { return server->opened.size() == 2; }));
  server->server->stop();
  ASSERT_TRUE(loop_.run_until([&] { return one.times_closed == 1 && two.times_closed == 1 && server->closed.size() == 2; }));
}

TEST_F(SessionTest, AgentsThatLeaveAreNoticed) {
  Server server(loop_, authority_);
  auto agent = std::make_unique<Agent>(loop_);
  agent->open(server.address(), authority_.agent_dir("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 1; }));
  agent.reset();
  ASSERT_TRUE(loop_.run_until([&] { return server.closed.size() == 1; }));
  EXPECT_EQ(server.server->counters().open, 0u);
}

// A reader that takes nothing: only the newest offer waits for it.
TEST_F(SessionTest, ANewerOfferReplacesOneThatWaits) {
  Server server(loop_, authority_);
  Agent agent(loop_);
  agent.open(server.address(), authority_.agent_dir("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 1; }));
  server.server->post([&] {
    for (std::uint64_t generation = 1; generation <= 500; ++generation) {
      DesiredState desired;
      desired.generation = Generation{generation};
      desired.revision = Revision{std::string(64, 'a')};
      desired.routes.emplace();
      for (std::uint32_t i = 0; i < 200; ++i) desired.routes->routes.push_back(route_number(i));
      server.server->send(server.opened[0].id, session::DesiredOffer{desired});
    }
  });
  const auto last = [&] {
    return !agent.messages.empty() &&
           std::get<session::DesiredOffer>(agent.messages.back()).state.generation == Generation{500};
  };
  ASSERT_TRUE(loop_.run_until(last));
  EXPECT_LT(agent.messages.size(), 10u);
}

int connect_to(const std::string& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

// What the peer says until it ends the connection.
std::string all_of(int fd) {
  std::string said;
  char bytes[64];
  for (ssize_t size = 0; (size = recv(fd, bytes, sizeof(bytes), 0)) > 0;) said.append(bytes, static_cast<std::size_t>(size));
  return said;
}

// Room for `wanted` descriptors, as far as this process may.
void raise_descriptor_limit(rlim_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min(std::max(limit.rlim_cur, wanted), limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

TEST_F(SessionTest, TwoThousandIdleSocketsAreShutAndAgentsStillConnect) {
  collector::SessionServerOptions options;
  raise_descriptor_limit(8'192);  // three for each: the test's, gRPC's, the door's
  options.max_per_source = options.max_handshakes = 3000;
  options.accepts_per_second = 100'000;
  options.handshake_limit = std::chrono::milliseconds(3000);
  Server server(loop_, authority_, options);
  std::vector<int> idle;
  for (int i = 0; i < 2000; ++i) idle.push_back(connect_to(server.address()));
  Agent agent(loop_);
  agent.open(server.address(), authority_.agent_dir("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 1; }));
  char byte = 0;
  for (const int fd : idle) {
    EXPECT_LE(recv(fd, &byte, 1, 0), 0) << "the server said something to a silent peer";
    close(fd);
  }
  EXPECT_EQ(server.server->counters().handshake_timeout, 2000u);
  EXPECT_TRUE(loop_.run_until([&] { return agent.is_open; }));
}

TEST_F(SessionTest, OneSourceCannotTakeEveryPlace) {
  collector::SessionServerOptions options;
  options.max_per_source = 10;
  Server server(loop_, authority_, options);
  std::vector<int> idle;
  for (int i = 0; i < 30; ++i) idle.push_back(connect_to(server.address()));
  for (std::size_t i = 10; i < idle.size(); ++i) EXPECT_EQ(all_of(idle[i]).size(), 7u) << "one alert, and the end";
  EXPECT_EQ(server.server->counters().refused_source, 20u);
  for (const int fd : idle) close(fd);
}

TEST_F(SessionTest, ServiceReturnsAfterDescriptorExhaustion) {
  Server server(loop_, authority_);
  const std::string identity = authority_.agent_dir("h1");
  Agent agent(loop_);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int probe = dup(0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(probe) + 20;
  close(probe);
  setrlimit(RLIMIT_NOFILE, &tight);
  std::vector<int> hoard;
  for (int fd = dup(0); fd >= 0; fd = dup(0)) hoard.push_back(fd);
  close(hoard.back());  // one for the client's own socket, none for the server's
  hoard.pop_back();
  const int starved = connect_to(server.address());
  if (starved >= 0) {
    EXPECT_LE(all_of(starved).size(), 7u) << "an alert if there was time for it, and the end";
    close(starved);
  }
  for (const int fd : hoard) close(fd);
  setrlimit(RLIMIT_NOFILE, &before);
  agent.open(server.address(), identity);
  ASSERT_TRUE(loop_.run_until([&] { return agent.is_open; }));
}

// Two come in, the others hear through the unfinished handshake when to come back, and then do.
TEST_F(SessionTest, AgentsThatComeTooFastAreToldWhenToComeBackAndThenGetIn) {
  collector::SessionServerOptions options;
  options.accepts_per_second = 8;
  Server server(loop_, authority_, options);
  std::vector<std::unique_ptr<Agent>> agents;
  const std::string identity = authority_.agent_dir("h1");
  const auto is_settled = [](const auto& agent) { return agent->is_open || agent->times_closed > 0; };
  // One after the other: what was told is heard by the process, not by one of its connections.
  for (int i = 0; i < 5; ++i) {
    agents.push_back(std::make_unique<Agent>(loop_));
    agents.back()->open(server.address(), identity);
    ASSERT_TRUE(loop_.run_until([&] { return is_settled(agents.back()); }));
    if (agents.back()->is_open) continue;
    ASSERT_EQ(agents.back()->messages.size(), 1u) << agents.back()->close_reason;
    const auto& goodbye = std::get<session::Goodbye>(agents.back()->messages[0]);
    EXPECT_GE(goodbye.retry_after, std::chrono::milliseconds(100));
    EXPECT_LE(goodbye.retry_after, std::chrono::milliseconds(2'000));
    EXPECT_FALSE(agents.back()->refused) << agents.back()->close_reason;
  }
  EXPECT_GT(server.server->counters().refused_rate, 0u);
  for (auto& agent : agents) {
    while (!agent->is_open) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      const int closed_before = agent->times_closed;
      agent->open(server.address(), identity);
      ASSERT_TRUE(loop_.run_until([&] { return agent->is_open || agent->times_closed > closed_before; }));
    }
  }
  EXPECT_TRUE(loop_.run_until([&] { return server.opened.size() == 5; }));
}

// Nine who say nothing take up what may be at work; half a second later they are only waited for.
TEST_F(SessionTest, HandshakesUnderWayAreBoundedAndTheSilentDoNotCountForLong) {
  collector::SessionServerOptions options;
  options.max_handshakes = 9;
  Server server(loop_, authority_, options);
  std::vector<int> silent;
  for (int i = 0; i < 12; ++i) silent.push_back(connect_to(server.address()));
  for (std::size_t i = 9; i < silent.size(); ++i) EXPECT_EQ(all_of(silent[i]).size(), 7u);
  EXPECT_EQ(server.server->counters().refused_handshakes, 3u);
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  Agent agent(loop_);
  agent.open(server.address(), authority_.agent_dir("h1"));
  EXPECT_TRUE(loop_.run_until([&] { return agent.is_open; }));
  for (const int fd : silent) close(fd);
}

// A storm at the door: every agent that is in stays in and is heard.
TEST_F(SessionTest, WhoIsInIsHeardWhileOthersAreTurnedAway) {
  collector::SessionServerOptions options;
  options.max_per_source = 2'000;
  options.accepts_per_second = 20;
  Server server(loop_, authority_, options);
  Agent agent(loop_);
  agent.open(server.address(), authority_.agent_dir("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return agent.is_open; }));
  agent.link->send(hello_of("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  for (std::uint64_t beat = 1; beat <= 20; ++beat) {
    for (int i = 0; i < 20; ++i) close(connect_to(server.address()));
    agent.link->send(session::Heartbeat{beat, {}, {}, EventSequence{1}});
    ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1 + beat; })) << "heartbeat " << beat;
  }
  EXPECT_EQ(agent.times_closed, 0);
  EXPECT_GT(server.server->counters().refused_rate, 0u);
}

TEST_F(SessionTest, AServerThatStopsTellsEachAgentATimeOfItsOwn) {
  collector::SessionServerOptions options;
  options.accepts_per_second = 10;
  Server server(loop_, authority_, options);
  std::vector<std::unique_ptr<Agent>> agents;
  for (const char* host : {"h1", "h2"}) {
    agents.push_back(std::make_unique<Agent>(loop_));
    agents.back()->open(server.address(), authority_.agent_dir(host));
    ASSERT_TRUE(loop_.run_until([&] { return agents.back()->is_open; }));
  }
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 2; }));
  std::thread stopping([&] { server.server->stop(); });
  ASSERT_TRUE(loop_.run_until([&] { return agents[0]->times_closed + agents[1]->times_closed == 2; }));
  stopping.join();
  std::set<std::chrono::milliseconds> told;
  for (const auto& agent : agents) told.insert(std::get<session::Goodbye>(agent->messages.at(0)).retry_after);
  EXPECT_EQ(told, (std::set<std::chrono::milliseconds>{std::chrono::milliseconds(1'000), std::chrono::milliseconds(1'100)}));
}

}  // namespace
}  // namespace ondol
