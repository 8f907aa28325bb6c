#include "common/pki/certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <set>

#include "common/pki/csr.h"
#include "common/pki/issue.h"
#include "common/pki/native.h"
#include "common/pki/verify.h"

namespace ondol::pki {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const WallTime kNow = wall_from_unix_ns(1'800'000'000'000'000'000);  // 2027-01-15
const HostId kHost{"pay-web-01"};

class Certificates : public testing::Test {
 protected:
  Certificate agent(const HostId& host = kHost, WallTime now = kNow) const {
    return issue_agent_certificate(ca_, *parse_csr(*make_csr(key_)), host, now).value();
  }
  Certificate server(const std::vector<std::string>& names = {"ondol-collector", "10.0.0.5",
                                                              "2001:db8::1"}) const {
    return issue_server_certificate(ca_, key_, names, kNow).value();
  }
  Ca ca_ = make_ca(kNow).value();
  Key key_ = make_key().value();
};

// A certificate that our code never makes: `extensions` on a leaf signed by the CA.
Certificate forge(const Ca& ca, const Key& key, const std::vector<std::pair<int, std::string>>& extensions) {
  X509Ptr x509(X509_new());
  X509_set_version(x509.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 77);
  ASN1_TIME_set(X509_getm_notBefore(x509.get()), seconds_of(kNow - hours(1)));
  ASN1_TIME_set(X509_getm_notAfter(x509.get()), seconds_of(kNow + hours(1)));
  X509_set_issuer_name(x509.get(), X509_get_subject_name(ca.certificate.state->x509.get()));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509.get()), "CN", MBSTRING_ASC, unsigned_bytes("forged"),
                             6, -1, 0);
  X509_set_pubkey(x509.get(), key.state->pkey.get());
  X509V3_CTX context{};
  X509V3_set_ctx(&context, ca.certificate.state->x509.get(), x509.get(), nullptr, nullptr, 0);
  for (const auto& [nid, value] : extensions) {
    X509_EXTENSION* extension = X509V3_EXT_nconf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(x509.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(x509.get(), ca.key.state->pkey.get(), EVP_sha256());
  return parse_certificate_der(
             render_der(Certificate{std::make_shared<CertificateState>(CertificateState{std::move(x509)})}))
      .value();
}

std::vector<std::pair<int, std::string>> leaf_extensions(const std::string& usage, const std::string& san) {
  return {{NID_basic_constraints, "critical,CA:FALSE"},
          {NID_key_usage, "critical,digitalSignature"},
          {NID_subject_key_identifier, "hash"},
          {NID_authority_key_identifier, "keyid:always"},
          {NID_ext_key_usage, usage},
          {NID_subject_alt_name, san}};
}

TEST_F(Certificates, TheCaLastsTenYearsAndNamesItself) {
  const auto facts = certificate_facts(ca_.certificate).value();
  EXPECT_TRUE(facts.is_ca);
  EXPECT_EQ(facts.not_before, kNow - minutes(5));
  EXPECT_GE(facts.not_after - kNow, hours(24) * 3650);
  EXPECT_EQ(facts.spki, spki_hash(ca_.key));
  EXPECT_FALSE(facts.host);
  EXPECT_TRUE(verify_ca(ca_.certificate, kNow));
}

TEST_F(Certificates, AnAgentsCertificateSpeaksForOneHostForOneHour) {
  const Certificate certificate = agent();
  const auto facts = certificate_facts(certificate).value();
  EXPECT_EQ(facts.host, kHost);
  EXPECT_TRUE(facts.names.empty());
  EXPECT_EQ(facts.serial.size(), 32U);
  EXPECT_EQ(facts.not_before, kNow - minutes(5));
  EXPECT_EQ(facts.not_after, kNow + hours(1));
  EXPECT_TRUE(facts.client_auth);
  EXPECT_FALSE(facts.server_auth);
  EXPECT_FALSE(facts.is_ca);
  EXPECT_EQ(facts.spki, spki_hash(key_));
  EXPECT_EQ(verify_agent(certificate, ca_.certificate, kNow).value(), kHost);
}

TEST_F(Certificates, ALeafNeverBeginsBeforeItsCaAndNeverOutlivesIt) {
  const WallTime end = certificate_facts(ca_.certificate)->not_after;
  const auto late = certificate_facts(agent(kHost, end - minutes(10))).value();
  EXPECT_EQ(late.not_after, end);
  const auto first = certificate_facts(agent(kHost, kNow)).value();
  EXPECT_EQ(first.not_before, certificate_facts(ca_.certificate)->not_before);
  EXPECT_FALSE(issue_agent_certificate(ca_, *parse_csr(*make_csr(key_)), kHost, end + minutes(1)));
  EXPECT_FALSE(issue_agent_certificate(ca_, *parse_csr(*make_csr(key_)), kHost, kNow - hours(1)));
}

TEST_F(Certificates, SerialsAreRandom) {
  std::set<std::string> serials;
  for (int i = 0; i < 50; ++i) serials.insert(certificate_facts(agent())->serial);
  EXPECT_EQ(serials.size(), 50U);
}

TEST_F(Certificates, AServersCertificateCarriesItsNamesAndNoOtherUse) {
  const auto facts = certificate_facts(server()).value();
  EXPECT_EQ(facts.names, (std::vector<std::string>{"ondol-collector", "10.0.0.5", "2001:db8::1"}));
  EXPECT_TRUE(facts.server_auth);
  EXPECT_FALSE(facts.client_auth);
  EXPECT_FALSE(facts.host);
  EXPECT_TRUE(verify_server(server(), ca_.certificate, "Ondol-Collector", kNow));
  EXPECT_TRUE(verify_server(server(), ca_.certificate, "2001:db8::1", kNow));
  EXPECT_FALSE(verify_server(server(), ca_.certificate, "ondol-collector.example", kNow));
}

TEST_F(Certificates, NamesThatAreNoNamesAreRefused) {
  const std::vector<std::string> bad{"",   "a b", "x,IP:1.2.3.4",       "*.example",
                                     "-x", ".x",  std::string(254, 'a')};
  for (const std::string& name : bad) EXPECT_FALSE(issue_server_certificate(ca_, key_, {name}, kNow)) << name;
  EXPECT_FALSE(issue_server_certificate(ca_, key_, {}, kNow));
  EXPECT_FALSE(issue_agent_certificate(ca_, *parse_csr(*make_csr(key_)), HostId{"a/../b"}, kNow));
  EXPECT_FALSE(issue_agent_certificate(ca_, *parse_csr(*make_csr(key_)), HostId{"x,DNS:y"}, kNow));
}

TEST_F(Certificates, OneRoleIsNotTheOther) {
  EXPECT_FALSE(verify_certificate(agent(), ca_.certificate, Purpose::kServer, kNow));
  EXPECT_FALSE(verify_certificate(server(), ca_.certificate, Purpose::kAgent, kNow));
  EXPECT_FALSE(verify_certificate(ca_.certificate, ca_.certificate, Purpose::kAgent, kNow));
}

TEST_F(Certificates, ACertificateOfAnotherCaIsRefused) {
  const Ca other = make_ca(kNow).value();
  const auto judged = verify_agent(agent(), other.certificate, kNow);
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().code, Errc::kRefused);
  EXPECT_FALSE(verify_agent(agent(), agent(), kNow));
}

TEST_F(Certificates, AWrongTimeIsSaidWithBothClocks) {
  const auto early = verify_agent(agent(), ca_.certificate, kNow - minutes(6));
  ASSERT_FALSE(early);
  EXPECT_NE(early.error().message.find("is not yet valid"), std::string::npos);
  const auto late = verify_agent(agent(), ca_.certificate, kNow + hours(2));
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().message.find("expired at " + render(kNow + hours(1))), std::string::npos);
  EXPECT_NE(late.error().message.find("the clock here says " + render(kNow + hours(2))), std::string::npos);
  for (const int years : {-10, 10}) {
    EXPECT_FALSE(verify_agent(agent(), ca_.certificate, kNow + hours(24 * 366 * years)));
  }
}

TEST_F(Certificates, OnlyExactlyOneUriSanOfOurFormNamesAHost) {
  const std::string uri = "URI:ondol://host/pay-web-01";
  EXPECT_TRUE(verify_agent(forge(ca_, key_, leaf_extensions("clientAuth", uri)), ca_.certificate, kNow));
  const std::vector<std::string> bad{"DNS:pay-web-01",
                                     uri + ",URI:ondol://host/other",
                                     uri + ",DNS:pay-web-01",
                                     uri + ",IP:10.0.0.1",
                                     "URI:ondol://host/*",
                                     "URI:ondol://host/",
                                     "URI:ondol://host/a/b",
                                     "URI:ondol://host/A",
                                     "URI:ondol://admin/pay-web-01",
                                     "URI:spiffe://host/pay-web-01",
                                     "URI:ondol://host/" + std::string(64, 'a'),
                                     "URI:ondol://host/" + std::string(8000, 'a')};
  for (const std::string& san : bad) {
    EXPECT_FALSE(verify_agent(forge(ca_, key_, leaf_extensions("clientAuth", san)), ca_.certificate, kNow))
        << san;
  }
}

TEST_F(Certificates, UsesMustBeExactlyThePurpose) {
  const std::string uri = "URI:ondol://host/pay-web-01";
  const auto judged = [&](const std::vector<std::pair<int, std::string>>& extensions) {
    return verify_agent(forge(ca_, key_, extensions), ca_.certificate, kNow).has_value();
  };
  EXPECT_TRUE(judged(leaf_extensions("clientAuth", uri)));
  EXPECT_FALSE(judged(leaf_extensions("serverAuth", uri)));
  EXPECT_FALSE(judged(leaf_extensions("clientAuth,serverAuth", uri)));
  EXPECT_FALSE(judged(leaf_extensions("emailProtection", uri)));
  auto no_usage = leaf_extensions("clientAuth", uri);
  no_usage.erase(no_usage.begin() + 4);
  EXPECT_FALSE(judged(no_usage));
  auto ca_true = leaf_extensions("clientAuth", uri);
  ca_true[0].second = "critical,CA:TRUE";
  EXPECT_FALSE(judged(ca_true));
  auto twice = leaf_extensions("clientAuth", uri);
  twice.emplace_back(NID_subject_alt_name, "URI:ondol://host/other");
  EXPECT_FALSE(judged(twice));
}

TEST_F(Certificates, ParsingIsStrictAboutEnds) {
  const std::string der = render_der(agent());
  EXPECT_TRUE(parse_certificate_der(der));
  EXPECT_FALSE(parse_certificate_der(der + "x"));
  EXPECT_FALSE(parse_certificate_der(der.substr(0, der.size() - 1)));
  EXPECT_FALSE(parse_certificate_der(""));
  EXPECT_EQ(parse_certificate_der(std::string(16 * 1024 + 1, '0')).error().code, Errc::kLimit);
  const std::string pem = render_pem(agent());
  EXPECT_EQ(parse_certificates(pem + render_pem(ca_.certificate))->size(), 2U);
  EXPECT_FALSE(parse_certificates(pem + pem.substr(0, pem.size() / 2)));
  EXPECT_FALSE(parse_certificate(""));
  std::string nine;
  for (int i = 0; i < 9; ++i) nine += pem;
  EXPECT_EQ(parse_certificates(nine).error().code, Errc::kLimit);
}

TEST_F(Certificates, SurviveTheWayThroughPem) {
  const Certificate certificate = agent();
  const auto again = parse_certificate(render_pem(certificate));
  ASSERT_TRUE(again);
  EXPECT_EQ(certificate_der_hash(*again), certificate_der_hash(certificate));
  EXPECT_EQ(*certificate_facts(*again), *certificate_facts(certificate));
}

TEST_F(Certificates, ASignatureIsOfOneKeyOverOneText) {
  const auto signature = sign_bytes(key_, "nonce and request").value();
  EXPECT_TRUE(verify_signature(agent(), "nonce and request", signature));
  EXPECT_FALSE(verify_signature(agent(), "nonce and requesT", signature));
  EXPECT_FALSE(verify_signature(ca_.certificate, "nonce and request", signature));
  EXPECT_FALSE(verify_signature(agent(), "nonce and request", signature + "x"));
  EXPECT_FALSE(verify_signature(agent(), "nonce and request", ""));
}

TEST_F(Certificates, KeysSurvivePemAndKnowTheirPair) {
  const auto again = parse_key(*render_key(key_));
  ASSERT_TRUE(again);
  EXPECT_EQ(spki_hash(*again), spki_hash(key_));
  EXPECT_TRUE(verify_pair(*again, agent()));
  EXPECT_FALSE(verify_pair(make_key().value(), agent()));
  EXPECT_FALSE(parse_key("not a key"));
  EXPECT_FALSE(parse_key(std::string(10000, 'x')));
}

TEST_F(Certificates, AKeyThatIsNotP256IsRefused) {
  for (const PkeyPtr& pkey : {PkeyPtr(EVP_RSA_gen(2048)), PkeyPtr(EVP_EC_gen("P-384"))}) {
    const BioPtr memory(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(memory.get(), pkey.get(), nullptr, nullptr, 0, nullptr, nullptr);
    EXPECT_EQ(parse_key(text_of(memory.get())).error().message, "the key is not a P-256 key");
  }
}

}  // namespace
}  // namespace ondol::pki
