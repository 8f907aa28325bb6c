// Renewal: whoever holds the key of a certificate on record gets the next one, and nobody else.
#include <filesystem>

#include "common/pki/csr.h"
#include "common/pki/enroll_frame.h"
#include "tests/integration/enroll/enroll_lab.h"

namespace ondol::enroll {
namespace {

class Renewing : public EnrollLab {
 protected:
  void SetUp() override {
    serve();
    const auto facts = enroll(token());
    ASSERT_TRUE(facts) << render(facts.error());
    first_ = *facts;
  }

  // A renewal by hand, for what the client never does wrong.
  v1::EnrollRequest request(const pki::Identity& holder, const pki::Key& signer,
                            const std::string& nonce) const {
    const std::string csr = pki::make_csr(pki::make_key().value()).value();
    v1::EnrollRequest made;
    made.mutable_renewal()->set_certificate_der(
        pki::render_der(*pki::parse_certificate(holder.certificate_pem)));
    made.mutable_renewal()->set_csr_der(csr);
    made.mutable_renewal()->set_signature(*pki::sign_bytes(signer, pki::renewal_text(nonce, csr)));
    return made;
  }
  pki::Key key() const { return pki::parse_key(identity().key_pem).value(); }

  pki::CertificateFacts first_;
};

TEST_F(Renewing, BeforeTheEndGivesTheSameHostANewKey) {
  move_to(now_ + minutes(20));
  const auto next = renew();
  ASSERT_TRUE(next) << render(next.error());
  EXPECT_EQ(next->host, first_.host);
  EXPECT_NE(next->serial, first_.serial);
  EXPECT_NE(next->spki, first_.spki);
  EXPECT_EQ(next->not_after, now_ + hours(1));
  EXPECT_EQ(counted("renewal"), 1U);
}

TEST_F(Renewing, AnExpiredUnrevokedOneIsRenewedForThirtyDays) {
  write_server_identity(ca_, now_);
  move_to(first_.not_after + hours(24 * 30));
  const auto next = renew();
  ASSERT_TRUE(next) << render(next.error());
  EXPECT_EQ(counted("late_renewal"), 1U);
}

TEST_F(Renewing, AfterThirtyDaysItIsRefused) {
  const pki::Identity before = identity();
  move_to(first_.not_after + hours(24 * 30) + Seconds(1));
  const auto outcome = renew();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::kRefused);
  EXPECT_NE(refusal(outcome).find("expired more than 30 days ago: enrol this host again"), std::string::npos);
  EXPECT_EQ(identity(), before);
}

TEST_F(Renewing, ARevokedOneIsRefused) {
  backend_.revoke(*first_.host);
  EXPECT_NE(refusal(renew()).find("the certificate was revoked"), std::string::npos);
  EXPECT_EQ(counted("certificate_revoked"), 1U);
}

TEST_F(Renewing, ARevocationWhileItIsRecordedWins) {
  backend_.revoke_while_recording = true;
  const pki::Identity before = identity();
  EXPECT_NE(refusal(renew()).find("the certificate was revoked"), std::string::npos);
  EXPECT_EQ(identity(), before);
}

TEST_F(Renewing, ASignatureByAnotherKeyIsRefused) {
  auto thief = stranger();
  const auto made = request(identity(), pki::make_key().value(), thief.nonce);
  EXPECT_EQ(ask(thief, made.SerializeAsString()).error_code(), "signature_invalid");
}

TEST_F(Renewing, AReplayedNonceIsRefused) {
  auto first = stranger();
  const std::string message = request(identity(), key(), first.nonce).SerializeAsString();
  EXPECT_EQ(ask(first, message).error_code(), "");
  auto second = stranger();
  EXPECT_NE(second.nonce, first.nonce);
  EXPECT_EQ(ask(second, message).error_code(), "signature_invalid");
}

TEST_F(Renewing, ASignatureOverAnotherRequestIsRefused) {
  auto one = stranger();
  auto made = request(identity(), key(), one.nonce);
  made.mutable_renewal()->set_csr_der(*pki::make_csr(pki::make_key().value()));
  EXPECT_EQ(ask(one, made.SerializeAsString()).error_code(), "signature_invalid");
}

TEST_F(Renewing, ACertificateOfAnotherCaIsRefused) {
  const pki::Ca other = pki::make_ca(now_).value();
  const pki::Key mine = pki::make_key().value();
  const auto leaf =
      pki::issue_agent_certificate(other, *pki::parse_csr(*pki::make_csr(mine)), HostId{"pay-web-01"}, now_);
  auto one = stranger();
  const auto made = request({*pki::render_key(mine), pki::render_pem(*leaf), {}}, mine, one.nonce);
  EXPECT_EQ(ask(one, made.SerializeAsString()).error_code(), "certificate_invalid");
}

TEST_F(Renewing, ACertificateThatIsNotOnRecordIsRefused) {
  const pki::Key mine = pki::make_key().value();
  const auto leaf =
      pki::issue_agent_certificate(ca_, *pki::parse_csr(*pki::make_csr(mine)), HostId{"pay-web-01"}, now_);
  auto one = stranger();
  const auto made = request({*pki::render_key(mine), pki::render_pem(*leaf), {}}, mine, one.nonce);
  EXPECT_EQ(ask(one, made.SerializeAsString()).error_code(), "certificate_invalid");
}

TEST_F(Renewing, TheServersOwnCertificateIsNoAgents) {
  const auto server = pki::read_identity(root_ + "/collector", pki::Purpose::kServer).value();
  auto one = stranger();
  const auto made = request(server, pki::parse_key(server.key_pem).value(), one.nonce);
  EXPECT_EQ(ask(one, made.SerializeAsString()).error_code(), "certificate_invalid");
}

TEST_F(Renewing, ACertificateNotYetValidIsRefused) {
  auto one = stranger();
  server_clock_ = unix_ns(first_.not_before - minutes(1));
  const auto reply = ask(one, request(identity(), key(), one.nonce).SerializeAsString());
  EXPECT_EQ(reply.error_code(), "certificate_invalid");
  EXPECT_NE(reply.error().find("not yet valid"), std::string::npos) << reply.error();
}

TEST_F(Renewing, ACollectorOfAnotherCaIsNotTrusted) {
  const pki::Identity before = identity();
  server_.reset();
  std::filesystem::remove_all(root_ + "/collector");
  ca_ = pki::make_ca(now_).value();
  serve();
  const auto outcome = renew();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::kRefused);
  EXPECT_EQ(identity(), before);
}

TEST_F(Renewing, AServerOfAnotherNameIsNotTrusted) {
  auto elsewhere = target();
  elsewhere.server_name = "other-collector";
  const auto outcome = agent::renew(elsewhere, now_);
  EXPECT_NE(refusal(outcome).find("does not carry the name other-collector"), std::string::npos)
      << refusal(outcome);
}

TEST_F(Renewing, AHostThatWasNeverEnrolledIsToldHow) {
  EXPECT_NE(refusal(renew("stranger")).find("ondolctl enroll token create --host HOST"), std::string::npos);
}

}  // namespace
}  // namespace ondol::enroll
