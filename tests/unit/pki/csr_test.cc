#include "common/pki/csr.h"

#include <gtest/gtest.h>

#include "common/pki/certificate.h"
#include "common/pki/issue.h"
#include "common/pki/native.h"

namespace ondol::pki {
namespace {

const WallTime kNow = wall_from_unix_ns(1'800'000'000'000'000'000);

std::string der_of(X509_REQ* request) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request, &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::string csr_with(EVP_PKEY* key, EVP_PKEY* signer, const EVP_MD* hash, const std::string& san = {}) {
  const RequestPtr request(X509_REQ_new());
  X509_REQ_set_pubkey(request.get(), key);
  if (!san.empty()) {
    STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
    sk_X509_EXTENSION_push(extensions,
                           X509V3_EXT_nconf_nid(nullptr, nullptr, NID_subject_alt_name, san.c_str()));
    sk_X509_EXTENSION_push(extensions,
                           X509V3_EXT_nconf_nid(nullptr, nullptr, NID_basic_constraints, "CA:TRUE"));
    X509_REQ_add_extensions(request.get(), extensions);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  }
  X509_REQ_sign(request.get(), signer, hash);
  return der_of(request.get());
}

std::string message_of(const std::string& der) {
  const auto csr = parse_csr(der);
  return csr ? "accepted" : csr.error().message;
}

TEST(Csr, OurOwnIsAcceptedAndSmall) {
  const Key key = make_key().value();
  const std::string der = make_csr(key).value();
  EXPECT_LT(der.size(), 256U);
  const auto csr = parse_csr(der);
  ASSERT_TRUE(csr) << csr.error().message;
  EXPECT_EQ(spki_hash(*csr), spki_hash(key));
}

TEST(Csr, WithAnRsaKeyIsRefused) {
  const PkeyPtr rsa(EVP_RSA_gen(2048));
  EXPECT_EQ(message_of(csr_with(rsa.get(), rsa.get(), EVP_sha256())),
            "the signing request has a key of type RSA, only P-256 is accepted");
}

TEST(Csr, WithAnotherCurveIsRefused) {
  const PkeyPtr key(EVP_EC_gen("P-384"));
  EXPECT_EQ(message_of(csr_with(key.get(), key.get(), EVP_sha256())),
            "the signing request has a key of type EC, only P-256 is accepted");
}

TEST(Csr, SignedByAnotherKeyIsRefused) {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  const PkeyPtr other(EVP_EC_gen("P-256"));
  EXPECT_NE(message_of(csr_with(key.get(), other.get(), EVP_sha256())).find("wrong signature"),
            std::string::npos);
}

TEST(Csr, SignedWithAnotherHashIsRefused) {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  EXPECT_EQ(message_of(csr_with(key.get(), key.get(), EVP_sha1())),
            "the signing request is not signed with ECDSA-SHA256");
}

TEST(Csr, EveryFlippedByteIsRefused) {
  const std::string good = make_csr(make_key().value()).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x01);
    EXPECT_FALSE(parse_csr(bad)) << "byte " << i;
  }
}

TEST(Csr, BoundsItsSizeAndEnd) {
  const std::string good = make_csr(make_key().value()).value();
  EXPECT_EQ(message_of(good + "x"), "bytes follow the signing request");
  EXPECT_FALSE(parse_csr(good.substr(0, good.size() - 1)));
  EXPECT_FALSE(parse_csr(""));
  EXPECT_EQ(parse_csr(std::string(kCsrLimit + 1, '0')).error().code, Errc::kLimit);
}

TEST(Csr, AskingForOtherNamesGetsOnlyItsOwn) {
  const Ca ca = make_ca(kNow).value();
  const PkeyPtr key(EVP_EC_gen("P-256"));
  const auto csr =
      parse_csr(csr_with(key.get(), key.get(), EVP_sha256(), "URI:ondol://host/other,DNS:ondol-collector"));
  ASSERT_TRUE(csr) << csr.error().message;
  const auto facts =
      certificate_facts(issue_agent_certificate(ca, *csr, HostId{"mine"}, kNow).value()).value();
  EXPECT_EQ(facts.host, HostId{"mine"});
  EXPECT_TRUE(facts.names.empty());
  EXPECT_FALSE(facts.is_ca);
}

}  // namespace
}  // namespace ondol::pki
