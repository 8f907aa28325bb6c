// The first enrolment: a token, once, for one record.
#include <thread>

#include "common/pki/csr.h"
#include "tests/integration/enroll/enroll_lab.h"

namespace ondol::enroll {
namespace {

TEST_F(EnrollLab, ATokenGivesItsHostACertificate) {
  serve();
  const auto facts = enroll(token());
  ASSERT_TRUE(facts) << render(facts.error());
  EXPECT_EQ(facts->host, HostId{"pay-web-01"});
  EXPECT_EQ(facts->not_after, now_ + hours(1));
  EXPECT_EQ(identity().ca_pem, pki::render_pem(ca_.certificate));
  EXPECT_EQ(backend_.find_certificate(facts->serial)->host, HostId{"pay-web-01"});
  EXPECT_EQ(counted("first"), 1U);
}

TEST_F(EnrollLab, AReusedTokenIsRefusedAndTheIdentityStays) {
  serve();
  const std::string text = token();
  ASSERT_TRUE(enroll(text));
  const pki::Identity before = identity();
  EXPECT_EQ(refusal(enroll(text)),
            "the collector refused: the token was already used: ask for a new one with "
            "`ondolctl enroll token create --host HOST`");
  EXPECT_EQ(identity(), before);
  EXPECT_EQ(backend_.issued(), 1U);
}

TEST_F(EnrollLab, OfTwoUsesAtOnceExactlyOneWins) {
  serve();
  const std::string text = token();
  std::atomic<int> won{0};
  std::vector<std::thread> agents;
  for (int i = 0; i < 8; ++i) {
    agents.emplace_back([&, i] { won += enroll(text, "agent-" + std::to_string(i)) ? 1 : 0; });
  }
  for (std::thread& agent : agents) agent.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(backend_.issued(), 1U);
}

TEST_F(EnrollLab, AnExpiredTokenIsRefused) {
  serve();
  const std::string text = token();
  move_to(now_ + minutes(11));
  EXPECT_NE(refusal(enroll(text)).find("the token has expired; it lasts ten minutes"), std::string::npos);
  EXPECT_EQ(backend_.issued(), 0U);
}

TEST_F(EnrollLab, AnUnknownTokenIsRefused) {
  serve();
  const std::string text = pki::render_token(pki::make_token(pki::certificate_der_hash(ca_.certificate)));
  EXPECT_NE(refusal(enroll(text)).find("this collector does not know the token"), std::string::npos);
}

TEST_F(EnrollLab, ATokenWhoseRecordIsGoneIsRefused) {
  backend_.records["another"] = HostId{"another"};
  serve();
  const auto outcome = enroll(token());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::kNotFound);
  EXPECT_NE(refusal(outcome).find("import the host's record"), std::string::npos);
}

TEST_F(EnrollLab, ACollectorWithAnotherCaIsNotTrustedAndNeverSeesTheToken) {
  serve();
  const auto other = pki::certificate_der_hash(pki::make_ca(now_)->certificate);
  const auto outcome = enroll(pki::render_token(pki::make_token(other)));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::kRefused);
  EXPECT_NE(refusal(outcome).find("this collector's CA is not the one that the token names"),
            std::string::npos);
  wait_for({"handshake"}, 1);
  EXPECT_EQ(counted("token_unknown"), 0U);
}

TEST_F(EnrollLab, AMalformedTokenIsRefusedBeforeAnybodyIsDialled) {
  serve();
  EXPECT_NE(refusal(enroll("ondol1.short")).find("three parts"), std::string::npos);
  EXPECT_EQ(counted("handshake"), 0U);
}

TEST_F(EnrollLab, AHostWhoseClockIsBehindIsToldBothTimes) {
  serve();
  const std::string text = token();
  const auto outcome = agent::enroll(target(), text, kStart - hours(24 * 366 * 5));
  EXPECT_NE(refusal(outcome).find("not yet valid"), std::string::npos) << refusal(outcome);
  EXPECT_NE(refusal(outcome).find("set this machine's clock"), std::string::npos);
  EXPECT_EQ(backend_.unused_tokens(), 1U) << "the token is still good";
  EXPECT_TRUE(enroll(text));
}

// Its clock is good enough for the collector's certificate, which is days old, but not for one of an hour.
TEST_F(EnrollLab, AHostWhoseClockIsHoursOffIsServed) {
  write_server_identity(ca_, kStart);
  now_ = kStart + hours(24);
  serve();
  move_to(kStart + hours(24));
  for (const minutes skew : {minutes(-180), minutes(180), minutes(-10)}) {
    const auto outcome = agent::enroll(target(), token(), now_ + skew);
    EXPECT_TRUE(outcome) << refusal(outcome);
    const auto next = agent::renew(target(), now_ + skew);
    EXPECT_TRUE(next) << refusal(next);
  }
}

TEST_F(EnrollLab, ACollectorWithoutAWorkingClockKeepsTheToken) {
  serve();
  const std::string text = token();
  server_clock_ = unix_ns(kStart - hours(24 * 366 * 5));
  EXPECT_NE(refusal(enroll(text)).find("no certificate can be issued"), std::string::npos);
  EXPECT_EQ(backend_.unused_tokens(), 1U);
}

TEST_F(EnrollLab, ACertificateThatCannotBeRecordedIsNotHandedOut) {
  serve();
  backend_.record_fails = Error{Errc::kIo, "the disk is full", {}, {}};
  const auto outcome = enroll(token());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::kUnavailable);
  EXPECT_NE(refusal(outcome).find("could not be recorded: the disk is full"), std::string::npos);
  EXPECT_FALSE(pki::read_identity(target().identity_dir, pki::Purpose::kAgent));
}

TEST_F(EnrollLab, ABadRequestDoesNotCostTheToken) {
  serve();
  const std::string text = token();
  v1::EnrollRequest request;
  request.mutable_first()->set_token(text);
  request.mutable_first()->set_csr_der("not a request");
  EXPECT_EQ(ask(request).error_code(), "csr_invalid");
  request.mutable_first()->set_csr_der(std::string(5000, '0'));
  EXPECT_EQ(ask(request).error_code(), "request_invalid");
  EXPECT_TRUE(enroll(text));
}

TEST_F(EnrollLab, NobodyListeningIsSaidWithTheAddress) {
  serve();
  auto gone = target();
  server_.reset();
  const auto outcome = agent::enroll(gone, token(), now_);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::kUnavailable);
  EXPECT_EQ(outcome.error().where, gone.address);
}

}  // namespace
}  // namespace ondol::enroll
