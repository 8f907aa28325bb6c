// Proof of contact between the agent's client and the collector's door, over real TLS.
#include <future>
#include <thread>

#include "agent/session/contact_client.h"
#include "common/wire/session_convert.h"
#include "common/wire/trial_wire.h"
#include "tests/integration/session/raw_peer.h"

namespace ondol {
namespace {

using session::Contact;
using session::ContactReply;

Contact contact_of(const std::string& host, std::vector<std::uint16_t> ports = {}) {
  return {HostId{host}, Generation{7}, session::ContactPhase::kAfter, "instance", std::move(ports)};
}

class ContactTest : public ::testing::Test {
 protected:
  using Asked = std::future<Result<ContactReply>>;

  Asked ask(const Server& server, const std::string& identity, const Contact& contact,
            Milliseconds limit = agent::kContactLimit, std::stop_token stop = {}) {
    const agent::SessionTarget target{server.address(), "ondol-collector", identity};
    return std::async(std::launch::async, [=] { return agent::make_contact(target, contact, limit, stop); });
  }
  // Turns the server's loop while the agent waits.
  Result<ContactReply> outcome(Asked& asked) {
    EXPECT_TRUE(loop_.run_until([&] {
      loop_.post([] {});
      return asked.wait_for(std::chrono::milliseconds(5)) == std::future_status::ready;
    }));
    return asked.get();
  }
  void answer(Server& server, collector::ConnectionId to, const ContactReply& reply) {
    server.server->post([&server, to, reply] { server.server->answer(to, reply); });
  }
  v1::AgentMessage message_of(const Contact& contact) {
    v1::AgentMessage message;
    *message.mutable_contact() = wire::to_wire(contact);
    return message;
  }

  TurnedLoop loop_;
  Authority authority_;
};

TEST_F(ContactTest, AQuestionIsAnsweredAndTheStreamEndsWell) {
  Server server(loop_, authority_);
  auto asked = ask(server, authority_.agent_dir("h1"), contact_of("h1", {22, 443}));
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  EXPECT_EQ(std::get<Contact>(server.messages[0].second), contact_of("h1", {22, 443}));
  ContactReply reply;
  reply.generation = Generation{7};
  reply.confirmed = true;
  reply.inbound.push_back({{trial::ProbeKind::kInbound, "", {}, 22}, true, "connected", Milliseconds{1}});
  reply.inbound.push_back({{trial::ProbeKind::kInbound, "", {}, 443}, false, "Connection refused", Milliseconds{1}});
  answer(server, server.messages[0].first, reply);
  const auto got = outcome(asked);
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_EQ(*got, reply);
  ASSERT_TRUE(loop_.run_until([&] { return server.closed.size() == 1; }));
  EXPECT_EQ(server.closed[0].second, "the contact was answered");
  EXPECT_EQ(server.server->counters().open, 0u);
}

TEST_F(ContactTest, EveryContactHasAConnectionOfItsOwnBesideTheSession) {
  Server server(loop_, authority_);
  const std::string identity = authority_.agent_dir("h1");
  Agent agent(loop_);
  agent.open(server.address(), identity);
  ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == 1; }));
  for (std::size_t i = 1; i <= 2; ++i) {
    auto asked = ask(server, identity, contact_of("h1"));
    ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == i; }));
    EXPECT_EQ(server.server->counters().open, 1u) << "a contact is no session";
    answer(server, server.messages.back().first, {Generation{7}, true, "", {}});
    ASSERT_TRUE(outcome(asked));
  }
  EXPECT_NE(server.opened[0].peer, server.opened[1].peer);
  EXPECT_NE(server.opened[0].peer, server.opened[2].peer);
  EXPECT_NE(server.opened[1].peer, server.opened[2].peer);
  EXPECT_TRUE(agent.is_open);
}

TEST_F(ContactTest, AContactForAnotherHostIsRefused) {
  Server server(loop_, authority_);
  auto asked = ask(server, authority_.agent_dir("h1"), contact_of("h2"));
  const auto got = outcome(asked);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::kRefused);
  EXPECT_NE(got.error().message.find("h2"), std::string::npos) << got.error().message;
  EXPECT_TRUE(server.messages.empty());
}

TEST_F(ContactTest, ARefusalIsToldInTheCollectorsWords) {
  Server server(loop_, authority_);
  auto asked = ask(server, authority_.agent_dir("h1"), contact_of("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  server.server->post([&] { server.server->close(server.messages[0].first, "certificate revoked", {}); });
  const auto got = outcome(asked);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::kRefused);
  EXPECT_EQ(got.error().message, "the collector refused the contact: certificate revoked");
}

TEST_F(ContactTest, NobodyThereIsNoTcp) {
  const auto got = agent::make_contact({"127.0.0.1:1", "ondol-collector", authority_.agent_dir("h1")}, contact_of("h1"));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::kUnavailable);
  EXPECT_EQ(got.error().message.rfind("no TCP", 0), 0u) << got.error().message;
}

TEST_F(ContactTest, ACollectorThatSaysNothingIsGivenUpInTime) {
  Server server(loop_, authority_);
  auto asked = ask(server, authority_.agent_dir("h1"), contact_of("h1"), Milliseconds{1'000});
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  const auto got = outcome(asked);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::kUnavailable);
  EXPECT_EQ(got.error().message, "the collector took the contact and gave no answer in time");
  EXPECT_TRUE(loop_.run_until([&] { return server.closed.size() == 1; }));
}

TEST_F(ContactTest, AStopEndsTheWait) {
  Server server(loop_, authority_);
  std::stop_source stop;
  auto asked = ask(server, authority_.agent_dir("h1"), contact_of("h1"), Milliseconds{60'000}, stop.get_token());
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  stop.request_stop();
  const auto got = outcome(asked);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::kInterrupted);
}

TEST_F(ContactTest, AnIdentityOfAnotherAuthorityIsRefused) {
  Server server(loop_, authority_);
  Authority stranger;
  auto asked = ask(server, stranger.agent_dir("h1"), contact_of("h1"));
  const auto got = outcome(asked);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::kRefused) << got.error().message;
}

TEST_F(ContactTest, WhatFollowsAContactEndsItWithoutAnAnswer) {
  Server server(loop_, authority_);
  RawPeer peer(raw_channel(server.address(), authority_, authority_.agent_dir("h1")));
  ASSERT_TRUE(peer.write(message_of(contact_of("h1"))));
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  ASSERT_TRUE(peer.write(message_of(contact_of("h1"))));
  EXPECT_EQ(peer.finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  ASSERT_TRUE(loop_.run_until([&] { return server.closed.size() == 1; }));
  EXPECT_EQ(server.messages.size(), 1u);
  answer(server, server.messages[0].first, {});  // late: nobody is there
  EXPECT_EQ(server.server->counters().open, 0u);
}

TEST_F(ContactTest, MorePortsThanProbesAreRefused) {
  Server server(loop_, authority_);
  RawPeer peer(raw_channel(server.address(), authority_, authority_.agent_dir("h1")));
  v1::AgentMessage message = message_of(contact_of("h1"));
  for (std::uint32_t port = 1; port <= 33; ++port) message.mutable_contact()->add_inbound_ports(port);
  ASSERT_TRUE(peer.write(message));
  EXPECT_EQ(peer.finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(server.messages.empty());
}

TEST_F(ContactTest, AHalfClosedQuestionIsStillAnswered) {
  Server server(loop_, authority_);
  RawPeer peer(raw_channel(server.address(), authority_, authority_.agent_dir("h1")));
  ASSERT_TRUE(peer.write(message_of(contact_of("h1"))));
  peer.half_close();
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  answer(server, server.messages[0].first, {Generation{7}, true, "", {}});
  v1::CollectorMessage reply;
  ASSERT_TRUE(peer.read(reply));
  EXPECT_TRUE(reply.contact_reply().confirmed());
  EXPECT_TRUE(peer.finish().ok());
}

TEST_F(ContactTest, OneThatReadsNothingIsCutOffAfterItsAnswer) {
  Server server(loop_, authority_);
  RawPeer deaf(raw_channel(server.address(), authority_, authority_.agent_dir("h1")));
  ASSERT_TRUE(deaf.write(message_of(contact_of("h1"))));
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
  answer(server, server.messages[0].first, {Generation{7}, true, "", {}});
  EXPECT_TRUE(loop_.run_until([&] { return server.closed.size() == 1; }, std::chrono::seconds(5)));
}

TEST_F(ContactTest, OneThatIsNeverAnsweredIsCutOffAtItsLimit) {
  collector::SessionServerOptions options;
  options.contact_limit = std::chrono::milliseconds(300);
  Server server(loop_, authority_, options);
  RawPeer peer(raw_channel(server.address(), authority_, authority_.agent_dir("h1")));
  ASSERT_TRUE(peer.write(message_of(contact_of("h1"))));
  EXPECT_TRUE(loop_.run_until([&] { return server.closed.size() == 1; }, std::chrono::seconds(5)));
  EXPECT_FALSE(peer.finish().ok());
}

TEST_F(ContactTest, OneThatHalfClosedAndIsNeverAnsweredIsCutOffLikewise) {
  collector::SessionServerOptions options;
  options.contact_limit = std::chrono::milliseconds(300);
  Server server(loop_, authority_, options);
  RawPeer peer(raw_channel(server.address(), authority_, authority_.agent_dir("h1")));
  ASSERT_TRUE(peer.write(message_of(contact_of("h1"))));
  peer.half_close();
  EXPECT_TRUE(loop_.run_until([&] { return server.closed.size() == 1; }, std::chrono::seconds(5)));
  EXPECT_FALSE(peer.finish().ok());
}

TEST_F(ContactTest, OneThatLeavesWithoutItsAnswerIsForgotten) {
  Server server(loop_, authority_);
  {
    RawPeer peer(raw_channel(server.address(), authority_, authority_.agent_dir("h1")));
    ASSERT_TRUE(peer.write(message_of(contact_of("h1"))));
    ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 1; }));
    peer.give_up();
  }
  EXPECT_TRUE(loop_.run_until([&] { return server.closed.size() == 1; }, std::chrono::seconds(5)));
  answer(server, server.messages[0].first, {Generation{7}, true, "", {}});
  EXPECT_EQ(server.server->counters().open, 0u);
}

TEST_F(ContactTest, ARefusalBeforeTheQuestionIsReadIsToldInItsWords) {
  Server server(loop_, authority_);
  for (int i = 0; i < 10; ++i) {
    auto asked = ask(server, authority_.agent_dir("h1"), contact_of("h1"), Milliseconds{5'000});
    ASSERT_TRUE(loop_.run_until([&] { return server.opened.size() == static_cast<std::size_t>(i) + 1; }));
    server.server->post([&server, id = server.opened.back().id] { server.server->close(id, "certificate revoked", {}); });
    const auto got = outcome(asked);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().message, "the collector refused the contact: certificate revoked");
  }
}

TEST_F(ContactTest, ContactsCountAgainstTheirSourcesPlaces) {
  collector::SessionServerOptions options;
  options.max_per_source = 2;
  Server server(loop_, authority_, options);
  const std::string identity = authority_.agent_dir("h1");
  auto first = ask(server, identity, contact_of("h1"));
  auto second = ask(server, identity, contact_of("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 2; }));
  auto third = ask(server, identity, contact_of("h1"), Milliseconds{3'000});
  EXPECT_FALSE(outcome(third));
  EXPECT_GE(server.server->counters().refused_source, 1u);
  for (const auto& [id, message] : server.messages) answer(server, id, {Generation{7}, true, "", {}});
  EXPECT_TRUE(outcome(first));
  EXPECT_TRUE(outcome(second));
  // Their places are free again.
  ASSERT_TRUE(loop_.run_until([&] { return server.closed.size() == 2; }));
  auto fourth = ask(server, identity, contact_of("h1"));
  ASSERT_TRUE(loop_.run_until([&] { return server.messages.size() == 3; }));
  answer(server, server.messages[2].first, {Generation{7}, true, "", {}});
  EXPECT_TRUE(outcome(fourth));
}

}  // namespace
}  // namespace ondol
