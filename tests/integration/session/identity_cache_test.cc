#include "collector/session/identity_cache.h"

#include <gtest/gtest.h>

#include "common/loop/clocks.h"
#include "common/pki/issue.h"

namespace ondol::collector {
namespace {

class IdentityCacheTest : public ::testing::Test {
 protected:
  IdentityCacheTest() : ca_(*pki::make_ca(read_now().wall)), key_(*pki::make_key()) {}

  pki::Certificate of(const std::string& host) {
    const auto csr = pki::parse_csr(*pki::make_csr(key_));
    return *pki::issue_agent_certificate(ca_, *csr, HostId{host}, read_now().wall);
  }

  pki::Ca ca_;
  pki::Key key_;
  IdentityCache cache_;
};

TEST_F(IdentityCacheTest, TheSameCertificateIsReadOnceAndSaysTheSame) {
  const pki::Certificate certificate = of("pay-web-01");
  const std::string pem = pki::render_pem(certificate);
  for (int time = 0; time < 2; ++time) {
    const auto identity = cache_.read(pem);
    ASSERT_TRUE(identity) << render(identity.error());
    EXPECT_EQ(identity->host, HostId{"pay-web-01"});
    EXPECT_EQ(identity->serial, pki::certificate_facts(certificate)->serial);
    EXPECT_EQ(cache_.size(), 1u);
  }
}

TEST_F(IdentityCacheTest, ANewCertificateOfTheSameHostAndKeyHasItsOwnSerial) {
  const auto first = cache_.read(pki::render_pem(of("pay-web-01")));
  const auto renewed = cache_.read(pki::render_pem(of("pay-web-01")));
  ASSERT_TRUE(first && renewed);
  EXPECT_EQ(first->host, renewed->host);
  EXPECT_NE(first->serial, renewed->serial);
}

TEST_F(IdentityCacheTest, WhatNamesNoHostIsRefusedEachTimeAndNotRemembered) {
  const auto server = pki::issue_server_certificate(ca_, key_, {"collector.example"}, read_now().wall);
  for (const std::string& pem :
       {pki::render_pem(*server), pki::render_pem(ca_.certificate), std::string("no certificate")}) {
    EXPECT_FALSE(cache_.read(pem));
    EXPECT_FALSE(cache_.read(pem));
  }
  EXPECT_EQ(cache_.size(), 0u);
}

}  // namespace
}  // namespace ondol::collector
