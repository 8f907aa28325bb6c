#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/wire/session_convert.h"
#include "ondol/v1/admin.grpc.pb.h"
#include "tests/integration/session/raw_peer.h"

namespace ondol {
namespace {

class DoorTest : public ::testing::Test {
 protected:
  v1::AgentMessage hello(const std::string& host) {
    v1::AgentMessage message;
    *message.mutable_hello() = wire::to_wire(hello_of(host));
    return message;
  }
  std::shared_ptr<grpc::Channel> channel(const Server& server, const std::string& identity) {
    return raw_channel(server.address(), authority_, identity);
  }
  grpc::Status outcome(const Server& server, const std::string& identity) {
    RawPeer peer(channel(server, identity));
    peer.write(hello("h1"));
    return peer.finish();
  }

  TurnedLoop loop_;
  Authority authority_;
};

TEST_F(DoorTest, WithoutAClientCertificateThereIsNoStream) {
  Server server(loop_, authority_);
  EXPECT_EQ(outcome(server, "").error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(server.server->counters().messages_in, 0u);
}

TEST_F(DoorTest, ACertificateThatNamesNoHostOrTwoIsRefused) {
  Server server(loop_, authority_);
  for (const char* names : {"", "URI:ondol://host/h1,URI:ondol://host/h2", "URI:https://h1", "URI:ondol://host/../h1",
                            "DNS:h1", "URI:ondol://host/h1,DNS:h2"}) {
    const std::string identity = odd_identity(authority_, "odd" + std::to_string(std::hash<std::string>{}(names)), names);
    EXPECT_EQ(outcome(server, identity).error_code(), grpc::StatusCode::UNAUTHENTICATED) << "names: '" << names << "'";
  }
  EXPECT_EQ(server.server->counters().open, 0u);
  EXPECT_TRUE(loop_.run_until([&] { return server.server->counters().bad_input == 6; }));
  EXPECT_TRUE(server.opened.empty());
}

TEST_F(DoorTest, ACertificateMadeElsewhereWithOneHostIsTaken) {
  Server server(loop_, authority_);
  RawPeer peer(channel(server, odd_identity(authority_, "one", "URI:ondol://host/h1")));
  ASSERT_TRUE(peer.write(hello("h1")));
  EXPECT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  EXPECT_EQ(server.opened.at(0).host, HostId{"h1"});
}

TEST_F(DoorTest, AnOversizedMessageEndsTheStreamOnly) {
  Server server(loop_, authority_);
  const std::string identity = authority_.agent_dir("h1");
  RawPeer peer(channel(server, identity));
  ASSERT_TRUE(peer.write(hello("h1")));
  v1::AgentMessage large;
  large.mutable_value()->set_payload(std::string(300 * 1024, 'x'));
  peer.write(large);
  EXPECT_FALSE(peer.finish().ok());
  ASSERT_TRUE(loop_.run_until([&] { return server.closed.size() == 1; }));
  RawPeer again(channel(server, identity));
  EXPECT_TRUE(again.write(hello("h1")));
  EXPECT_TRUE(loop_.run_until([&] { return server.messages.size() == 2; }));
}

TEST_F(DoorTest, BadInputEndsTheStreamWithItsReason) {
  Server server(loop_, authority_);
  const std::string identity = authority_.agent_dir("h1");
  RawPeer chunk(channel(server, identity));
  ASSERT_TRUE(chunk.write(hello("h1")));
  v1::AgentMessage wrong;
  wrong.mutable_value()->set_type(v1::RESOURCE_TYPE_ROUTES);
  wrong.mutable_value()->set_digest(std::string(16, 'x'));
  wrong.mutable_value()->set_count(1);
  chunk.write(wrong);
  const grpc::Status status = chunk.finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_NE(status.error_message().find("digest"), std::string::npos) << status.error_message();
  RawPeer twice(channel(server, identity));
  twice.write(hello("h1"));
  twice.write(hello("h1"));
  EXPECT_EQ(twice.finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(server.server->counters().bad_input, 2u);
}

TEST_F(DoorTest, NoOtherMethodIsServedHere) {
  Server server(loop_, authority_);
  const auto stub = v1::Admin::NewStub(channel(server, authority_.agent_dir("h1")));
  grpc::ClientContext context;
  v1::GetStatusReply reply;
  EXPECT_EQ(stub->GetStatus(&context, {}, &reply).error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(DoorTest, AConnectionThatOpensNoStreamIsShut) {
  collector::SessionServerOptions options;
  options.handshake_limit = std::chrono::milliseconds(1000);
  Server server(loop_, authority_, options);
  const auto idle = channel(server, authority_.agent_dir("h1"));
  const auto limit = std::chrono::system_clock::now() + std::chrono::seconds(10);
  ASSERT_TRUE(idle->WaitForConnected(limit)) << "TLS is up";
  EXPECT_TRUE(idle->WaitForStateChange(GRPC_CHANNEL_READY, limit));
  EXPECT_EQ(server.server->counters().handshake_timeout, 1u);
}

// A reader that takes nothing is bounded: one write in flight, the newest of each kind behind it. Told to go, it goes.
TEST_F(DoorTest, APeerThatReadsNothingHoldsLittleAndIsCutOff) {
  Server server(loop_, authority_);
  constexpr std::chrono::seconds kSlowMachine{60};  // twenty times 20,000 routes are encoded
  RawPeer deaf(channel(server, authority_.agent_dir("h1")), 4 * kSlowMachine);
  ASSERT_TRUE(deaf.write(hello("h1")));
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  DesiredState desired{Generation{1}, Revision{"a"}, std::nullopt, false};
  desired.revision = Revision{std::string(64, 'a')};
  desired.routes.emplace();
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    routes::Route route;
    route.key.destination.address.bytes = {11, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
    route.key.destination.length = 32;
    desired.routes->routes.push_back(route);
  }
  bool is_sent = false;
  server.server->post([&] {
    for (int i = 0; i < 20; ++i) server.server->send(server.opened[0].id, session::DesiredOffer{desired});
    loop_.post([&] { is_sent = true; });
  });
  ASSERT_TRUE(loop_.run_until([&] { return is_sent; }, kSlowMachine));
  EXPECT_LE(server.server->counters().messages_out, 2u);
  server.server->post([&] { server.server->close(server.opened[0].id, "revoked", std::chrono::milliseconds(0)); });
  ASSERT_TRUE(loop_.run_until([&] { return server.closed.size() == 1; }, kSlowMachine));
  EXPECT_EQ(server.closed[0].second, "revoked");
}

TEST_F(DoorTest, AgentsOverIpv4ReachAListenerOfBothFamilies) {
  collector::SessionServerOptions options;
  options.listen = "[::]:0";
  options.handshake_limit = std::chrono::milliseconds(1000);
  Server server(loop_, authority_, options);
  Agent mapped(loop_), plain(loop_);
  mapped.open(server.address(), authority_.agent_dir("h1"));
  plain.open("[::1]:" + std::to_string(server.server->port()), authority_.agent_dir("h2"));
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 2 && mapped.is_open && plain.is_open; })) << plain.close_reason;
  // Past the handshake limit of a silent connection that came later, both are still there.
  const auto silent = channel(server, authority_.agent_dir("h3"));
  const auto limit = std::chrono::system_clock::now() + std::chrono::seconds(10);
  ASSERT_TRUE(silent->WaitForConnected(limit) && silent->WaitForStateChange(GRPC_CHANNEL_READY, limit));
  mapped.link->send(hello_of("h1"));
  plain.link->send(hello_of("h2"));
  EXPECT_TRUE(loop_.run_until([&] { return server.messages.size() == 2; }));
}

TEST_F(DoorTest, AHostWhoseCertificateIsNoLongerTakenIsToldFromOneThatIsAway) {
  Server server(loop_, authority_);
  Agent agent(loop_);
  agent.open(server.address(), authority_.agent_dir("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 1 && agent.is_open; }));
  agent.link->close();
  ASSERT_TRUE(loop_.run_until([&] { return server.closed.size() == 1; }));
  EXPECT_TRUE(server.turned_away.empty());
  Authority elsewhere;
  const std::string stranger = elsewhere.agent_dir("h1");
  write_text(stranger + "/ca.pem", pki::render_pem(authority_.ca().certificate));
  agent.open(server.address(), stranger);
  ASSERT_TRUE(loop_.run_until([&] { return !server.turned_away.empty(); }));
  EXPECT_EQ(server.turned_away[0], HostId{"h1"});
}

TEST_F(DoorTest, WhichOfTwoHostsBehindOneAddressWasTurnedAwayIsNotGuessed) {
  Server server(loop_, authority_);
  Agent one(loop_), two(loop_);
  one.open(server.address(), authority_.agent_dir("h1"));
  two.open(server.address(), authority_.agent_dir("h2"));
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 2; }));
  EXPECT_EQ(outcome(server, "").error_code(), grpc::StatusCode::UNAVAILABLE);
  RawPeer after(channel(server, authority_.agent_dir("h3")));  // by then the door has seen the one before it end
  ASSERT_TRUE(after.write(hello("h3")));
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  EXPECT_TRUE(server.turned_away.empty());
}

// Renewal: the directory's symlink is swapped; the open stream lives on, the next handshake meets the new certificates.
TEST_F(DoorTest, SwappedCertificatesServeNewHandshakesAndLeaveStreamsAlone) {
  const std::string current = authority_.root() + "/current";
  std::filesystem::create_directory_symlink(authority_.server_dir(), current);
  collector::SessionServerOptions options;
  options.identity_dir = current;
  Server server(loop_, authority_, options);
  Agent first(loop_);
  first.open(server.address(), authority_.agent_dir("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return first.is_open; }));
  Authority renewed;
  std::filesystem::create_directory_symlink(renewed.server_dir(), current + ".new");
  std::filesystem::rename(current + ".new", current);
  Agent second(loop_);
  const std::string identity = renewed.agent_dir("h2");
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  for (int tries = 0; !second.is_open && std::chrono::steady_clock::now() < limit; ++tries) {
    second.open(server.address(), identity);
    ASSERT_TRUE(loop_.run_until([&] { return second.is_open || second.times_closed > tries; }));
  }
  ASSERT_TRUE(second.is_open) << second.close_reason;
  first.link->send(hello_of("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  EXPECT_EQ(first.times_closed, 0);
}

TEST_F(DoorTest, AnAgentsRenewedCertificateIsUsedByItsNextSession) {
  Server server(loop_, authority_);
  const std::string current = authority_.root() + "/agent";
  std::filesystem::create_directory_symlink(authority_.agent_dir("h1"), current);
  Agent agent(loop_);
  agent.open(server.address(), current);
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 1 && agent.is_open; }));
  std::filesystem::create_directory_symlink(authority_.agent_dir("h1"), current + ".new");
  std::filesystem::rename(current + ".new", current);
  agent.link->send(hello_of("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; })) << "the open stream goes on";
  agent.link->close();
  ASSERT_TRUE(loop_.run_until([&] { return agent.times_closed == 1; }));
  agent.open(server.address(), current);
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 2; }));
  EXPECT_NE(server.opened[0].serial, server.opened[1].serial);
}

// This process's TCP sockets whose local or remote port is `port`.
std::vector<int> sockets_of(std::uint16_t port, bool remote) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename().string());
    sockaddr_in6 own{}, peer{};  // the port of an IPv4 address is at the same place
    socklen_t own_size = sizeof(own), peer_size = sizeof(peer);
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0) continue;
    if (own.sin6_family != AF_INET && own.sin6_family != AF_INET6) continue;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) continue;
    if (ntohs(remote ? peer.sin6_port : own.sin6_port) == port) found.push_back(fd);
  }
  return found;
}

int option_of(int fd, int level, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  getsockopt(fd, level, option, &value, &size);
  return value;
}

void expect_dead_peer_is_noticed(int fd) {
  EXPECT_EQ(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 5);
  EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 1);
  EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 2);
  EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 7'000);
}

TEST_F(DoorTest, TheKernelFindsDeadPeersOnBothSidesWithinFifteenSeconds) {
  Server server(loop_, authority_);
  Agent agent(loop_);
  agent.open(server.address(), authority_.agent_dir("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return agent.is_open && server.opened.size() == 1; }));
  const auto ours = sockets_of(server.server->port(), false);
  const auto theirs = sockets_of(server.server->port(), true);
  ASSERT_FALSE(ours.empty());
  ASSERT_EQ(theirs.size(), 1u);
  for (const auto& side : {ours, theirs}) {
    for (const int fd : side) expect_dead_peer_is_noticed(fd);
  }
}

}  // namespace
}  // namespace ondol
