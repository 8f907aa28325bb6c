// Proof of contact: what a collector confirms, and what it does not.
#include <gtest/gtest.h>

#include "tests/fakes/agent_says.h"

namespace ondol::collector {
namespace {

using session::Contact;
using session::ContactPhase;
using session::ContactReply;

constexpr const char* kNewPort = "192.0.2.7:41000";

Contact contact(std::uint64_t generation, ContactPhase phase = ContactPhase::kAfter, std::vector<std::uint16_t> ports = {}) {
  return {HostId{"h1"}, Generation{generation}, phase, "i1", std::move(ports)};
}

struct Asking : OneHost {
  Asking() { stage.commit_desired("h1", wants(3, {})); }
  StreamId begin(const Contact& what, const std::string& peer = kNewPort) {
    const StreamId id = stage.open("h1", "", peer);
    stage.say(id, what);
    return id;
  }
  ContactReply ask(const Contact& what, const std::string& peer = kNewPort) {
    const StreamId id = begin(what, peer);
    EXPECT_TRUE(stage.answers_.contains(id)) << stage.close_reasons_[id];
    return stage.answers_[id];
  }
};

TEST(Contacts, TheGenerationThatIsOfferedIsConfirmed) {
  Asking h;
  const ContactReply reply = h.ask(contact(3));
  EXPECT_TRUE(reply.confirmed);
  EXPECT_EQ(reply.generation, Generation{3});
  EXPECT_EQ(reply.reason, "");
  EXPECT_EQ(h.stage.core().counters().contacts.at("confirmed"), 1u);
  EXPECT_TRUE(h.stage.told_.empty());
}

TEST(Contacts, AnOlderGenerationIsSuperseded) {
  Asking h;
  h.stage.commit_desired("h1", wants(4, {}));
  const ContactReply reply = h.ask(contact(3));
  EXPECT_FALSE(reply.confirmed);
  EXPECT_EQ(reply.reason, "superseded by generation 4");
  EXPECT_EQ(h.stage.told_.at(0).notice, Notice::kContactRefused);
}

TEST(Contacts, AGenerationThatNobodyOfferedIsNotConfirmed) {
  Asking h;
  EXPECT_EQ(h.ask(contact(9)).reason, "generation 9 was never offered");
}

TEST(Contacts, WhereNothingIsDesiredGenerationZeroIsNotConfirmed) {
  OneHost h;
  const StreamId id = h.stage.open("h1", "", kNewPort);
  h.stage.say(id, contact(0));
  EXPECT_FALSE(h.stage.answers_.at(id).confirmed);
}

TEST(Contacts, TheSessionsOwnConnectionProvesNothing) {
  Asking h;
  const ContactReply reply = h.ask(contact(3), "192.0.2.7:40000");
  EXPECT_FALSE(reply.confirmed);
  EXPECT_NE(reply.reason.find("session's connection"), std::string::npos) << reply.reason;
}

TEST(Contacts, AConnectionWhoseSessionEndedAMomentAgoProvesNothingEither) {
  Asking h;
  h.stage.hang_up(h.stream);
  h.stage.advance(Seconds{5});
  EXPECT_FALSE(h.ask(contact(3), "192.0.2.7:40000").confirmed);
  h.stage.advance(Seconds{60});
  EXPECT_TRUE(h.ask(contact(3), "192.0.2.7:40000").confirmed);
}

TEST(Contacts, NoSessionIsNeededAndNoneIsDisturbed) {
  Asking h;
  EXPECT_TRUE(h.ask(contact(3)).confirmed);
  EXPECT_TRUE(h.stage.is_open(h.stream));
  EXPECT_EQ(h.stage.host("h1").liveness, Liveness::kOnline);
  EXPECT_EQ(h.stage.core().counters().clones_refused, 0u);
  h.stage.hang_up(h.stream);
  EXPECT_TRUE(h.ask(contact(3)).confirmed);
  EXPECT_EQ(h.stage.host("h1").liveness, Liveness::kSilent) << "a contact is no session";
}

TEST(Contacts, AfterARestartWhatIsStoredIsWhatWasOffered) {
  Asking h;
  h.stage.restart();
  EXPECT_TRUE(h.ask(contact(3)).confirmed);
  EXPECT_FALSE(h.ask(contact(2)).confirmed);
}

TEST(Contacts, AnotherProcessThanTheSessionsIsNotConfirmed) {
  Asking h;
  Contact stranger = contact(3);
  stranger.instance_id = "i2";
  EXPECT_EQ(h.ask(stranger).reason, "another agent process holds this host's session");
  h.stage.hang_up(h.stream);
  EXPECT_TRUE(h.ask(stranger).confirmed);
}

TEST(Contacts, ARevokedHostIsRefusedLikeItsSession) {
  Asking h;
  h.stage.revoke("h1");
  const StreamId id = h.begin(contact(3));
  EXPECT_FALSE(h.stage.answers_.contains(id));
  EXPECT_EQ(h.stage.close_reasons_.at(id), "certificate revoked");
}

TEST(Contacts, AHostThatIsRevokedWhileItsPortsAreTriedGetsNoAnswer) {
  Asking h;
  h.stage.hold_ports(true);
  const StreamId id = h.begin(contact(3, ContactPhase::kAfter, {22}));
  h.stage.revoke("h1");
  h.stage.hold_ports(false);
  EXPECT_FALSE(h.stage.answers_.contains(id));
  EXPECT_EQ(h.stage.close_reasons_.at(id), "certificate revoked");
}

TEST(Contacts, BeforeAChangePortsAreTriedAndNothingIsConfirmed) {
  Asking h;
  h.stage.listening_ = {22};
  const ContactReply reply = h.ask(contact(3, ContactPhase::kBefore, {22, 443}));
  EXPECT_FALSE(reply.confirmed);
  EXPECT_EQ(reply.reason, "");
  ASSERT_EQ(reply.inbound.size(), 2u);
  EXPECT_TRUE(reply.inbound[0].green);
  EXPECT_FALSE(reply.inbound[1].green);
  EXPECT_EQ(h.stage.core().counters().contacts.at("before"), 1u);
}

TEST(Contacts, AfterAChangeClosedPortsAreToldAndTheAgentDecides) {
  Asking h;
  const ContactReply reply = h.ask(contact(3, ContactPhase::kAfter, {22}));
  EXPECT_TRUE(reply.confirmed);
  EXPECT_FALSE(reply.inbound.at(0).green);
}

TEST(Contacts, ARevisionThatCameWhilePortsWereTriedSupersedes) {
  Asking h;
  h.stage.hold_ports(true);
  const StreamId id = h.begin(contact(3, ContactPhase::kAfter, {22}));
  h.stage.commit_desired("h1", wants(4, {}));
  h.stage.hold_ports(false);
  EXPECT_EQ(h.stage.answers_.at(id).reason, "superseded by generation 4");
}

TEST(Contacts, OneThatLeavesWhileItsPortsAreTriedIsForgotten) {
  Asking h;
  h.stage.hold_ports(true);
  const StreamId id = h.begin(contact(3, ContactPhase::kAfter, {22}));
  h.stage.hang_up(id);
  h.stage.hold_ports(false);
  EXPECT_FALSE(h.stage.answers_.contains(id));
}

TEST(Contacts, AContactOnAWelcomedStreamEndsIt) {
  Asking h;
  h.stage.say(h.stream, contact(3));
  EXPECT_EQ(h.stage.close_reasons_.at(h.stream), "a contact needs a connection of its own");
}

}  // namespace
}  // namespace ondol::collector
