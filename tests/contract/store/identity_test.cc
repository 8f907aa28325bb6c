// Contract: tokens, certificates, the audit chain, and readers beside the writer.
#include <atomic>
#include <thread>

#include "common/loop/clocks.h"
#include "tests/contract/store/engine.h"

namespace ondol::store {
namespace {

using std::chrono::hours;

CertificateRow certificate(const std::string& serial, const std::string& name, WallTime not_after) {
  return {serial, host(name), not_after - hours(1), not_after, false};
}

TEST_P(StoreContract, ATokenIsFoundByItsHash) {
  commit({PutToken{token("secret", "a")}});
  EXPECT_EQ(value_of(store().read_token(sha256_of("secret"))), token("secret", "a"));
  EXPECT_FALSE(value_of(store().read_token(sha256_of("another"))));
}

TEST_P(StoreContract, ATokenIsUsedOnce) {
  commit({PutToken{token("secret", "a")}});
  commit({UseToken{sha256_of("secret"), at(70)}});
  EXPECT_EQ(value_of(store().read_token(sha256_of("secret")))->used, at(70));
  expect_refused({UseToken{sha256_of("secret"), at(71)}}, Errc::kConflict, "write 0");
  EXPECT_EQ(value_of(store().read_token(sha256_of("secret")))->used, at(70));
}

TEST_P(StoreContract, ATokenUsedTwiceInOneBatchTakesTheBatchBack) {
  commit({PutToken{token("secret", "a")}});
  expect_refused({UseToken{sha256_of("secret"), at(1)}, UseToken{sha256_of("secret"), at(2)}}, Errc::kConflict, "write 1");
  EXPECT_FALSE(value_of(store().read_token(sha256_of("secret")))->used);
  commit({UseToken{sha256_of("secret"), at(3)}});
}

TEST_P(StoreContract, AnUnknownTokenIsRefused) {
  expect_refused({UseToken{sha256_of("guess"), at(1)}}, Errc::kConflict, "write 0");
}

TEST_P(StoreContract, AUsedTokenCannotBePutAgain) {
  commit({PutToken{token("secret", "a")}, UseToken{sha256_of("secret"), at(1)}});
  expect_refused({PutToken{token("secret", "b")}}, Errc::kAlreadyExists, "write 0");
  EXPECT_EQ(value_of(store().read_token(sha256_of("secret")))->host, host("a"));
}

TEST_P(StoreContract, RevokingAHostRevokesAllItsCertificatesAndNoOther) {
  const WallTime soon = read_now().wall + hours(1);
  commit({PutCertificate{certificate("01", "a", soon)}, PutCertificate{certificate("02", "a", soon)},
          PutCertificate{certificate("03", "b", soon)}});
  commit({RevokeCertificates{host("a")}, RevokeCertificates{host("nobody")}});
  auto first = certificate("01", "a", soon), second = certificate("02", "a", soon);
  first.revoked = second.revoked = true;
  EXPECT_EQ(value_of(store().read_certificates()), (std::vector{first, second, certificate("03", "b", soon)}));
}

TEST_P(StoreContract, ARevokedCertificateStaysRevokedWhenPutAgain) {
  const WallTime soon = read_now().wall + hours(1);
  commit({PutCertificate{certificate("01", "a", soon)}, RevokeCertificates{host("a")}});
  commit({PutCertificate{certificate("01", "a", soon)}});
  EXPECT_TRUE(value_of(store().read_certificates()).front().revoked);
}

TEST_P(StoreContract, ACertificateIsForgottenThirtyDaysAfterItsEnd) {
  const WallTime now = read_now().wall;
  commit({PutCertificate{certificate("old", "a", now - hours(24 * 30 + 1))},
          PutCertificate{certificate("renewable", "a", now - hours(24 * 29))}});
  EXPECT_EQ(value_of(store().read_certificates()), (std::vector{certificate("renewable", "a", now - hours(24 * 29))}));
}

TEST_P(StoreContract, ACertificateIsFoundByItsSerialHoweverOld) {
  commit({PutCertificate{certificate("01", "a", at(0))}, PutCertificate{certificate("02", "b", at(0))}});
  EXPECT_EQ(value_of(store().read_certificate("02")), certificate("02", "b", at(0)));
  EXPECT_FALSE(value_of(store().read_certificate("03")));
}

TEST_P(StoreContract, AuditRecordsAreNumberedWithoutGapsAndNewestFirst) {
  commit({AppendAudit(audit("token.create")), AppendAudit(audit("enroll", "host a"))});
  commit({AppendAudit(audit("config.apply"))});
  const auto rows = value_of(store().read_audit(2));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].number, 3u);
  EXPECT_EQ(rows[0].action, "config.apply");
  EXPECT_EQ(rows[1].number, 2u);
  EXPECT_EQ(rows[1].subject, "host a");
  EXPECT_EQ(rows[1].actor, "uid 1000 (kim)");
  EXPECT_EQ(rows[1].detail, "detail of enroll");
  EXPECT_EQ(rows[1].at, at(7));
  EXPECT_NE(rows[0].chain, rows[1].chain);
  EXPECT_TRUE(store().verify_audit());
}

TEST_P(StoreContract, EveryEngineMakesTheSameChain) {
  const auto other = make_memory_store();
  const Batch batch{AppendAudit(audit("one")), AppendAudit(audit("two")), AppendAudit(audit("", std::string("\0", 1)))};
  commit(batch);
  ASSERT_TRUE(other->commit(batch));
  EXPECT_EQ(value_of(store().read_audit(10)), value_of(other->read_audit(10)));
}

TEST_P(StoreContract, ALongChainIsVerified) {
  Batch batch;
  for (int i = 0; i < 2'500; ++i) batch.push_back(audit("a" + std::to_string(i)));
  commit(batch);
  EXPECT_TRUE(store().verify_audit());
}

TEST_P(StoreContract, ReadersSeeWholeBatchesWhileTheWriterWrites) {
  std::atomic<bool> ended{false};
  std::atomic<int> torn{0}, reads{0};
  std::thread reader([&] {
    do {
      const auto rows = store().read_desired();
      if (!rows || (!rows->empty() && (rows->size() != 2 || (*rows)[0].generation != (*rows)[1].generation))) ++torn;
      if (!store().verify_audit()) ++torn;
      ++reads;
    } while (!ended);
  });
  for (std::uint64_t g = 1; g <= 100; ++g) {
    EXPECT_TRUE(store().commit({PutDesired{desired("a", g)}, AppendAudit(audit("x")), PutDesired{desired("b", g)}}));
    EXPECT_TRUE(g % 25 != 0 || store().checkpoint());
  }
  ended = true;
  reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_GT(reads, 0);
}

}  // namespace
}  // namespace ondol::store
