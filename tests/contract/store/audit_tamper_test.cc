// Any change to a stored audit record, made behind the store's back, is found and its number named.
#include <fmt/format.h>
#include <sqlite3.h>

#include "collector/store/audit_chain.h"
#include "tests/contract/store/engine.h"

namespace ondol::store {
namespace {

class AuditTamper : public testing::Test {
 protected:
  void SetUp() override {
    auto store = open();
    Batch batch;
    for (int i = 1; i <= 5; ++i) batch.push_back(AppendAudit{at(i), "actor", "action", "subject", "detail"});
    ASSERT_TRUE(store->commit(batch));
    ASSERT_TRUE(store->verify_audit());
  }
  std::unique_ptr<Store> open() { return value_of(open_sqlite_store(directory_.file("store.db"))); }

  std::string execute(const std::string& sql) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(directory_.file("store.db").c_str(), &db), SQLITE_OK);
    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
    const std::string said = sqlite3_errmsg(db);
    sqlite3_close(db);
    return said;
  }
  void tamper(const std::string& sql) {
    ASSERT_EQ(execute("DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_deleted; " + sql), "not an error") << sql;
  }
  void expect_broken_at(std::uint64_t number) {
    const auto verified = open()->verify_audit();
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, Errc::kCorrupt);
    EXPECT_EQ(verified.error().where, fmt::format("audit record {}", number)) << render(verified.error());
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(AuditTamper, TheDatabaseItselfRefusesToChangeOrDeleteARecord) {
  EXPECT_EQ(execute("UPDATE audit SET actor = 'x' WHERE number = 2"), "audit records are never changed");
  EXPECT_EQ(execute("DELETE FROM audit WHERE number = 2"), "audit records are never deleted");
  EXPECT_TRUE(open()->verify_audit());
}

TEST_F(AuditTamper, AChangedTimeIsFound) { tamper("UPDATE audit SET at_unix_ns = at_unix_ns + 1 WHERE number = 3"); expect_broken_at(3); }
TEST_F(AuditTamper, AChangedActorIsFound) { tamper("UPDATE audit SET actor = 'actoR' WHERE number = 3"); expect_broken_at(3); }
TEST_F(AuditTamper, AChangedActionIsFound) { tamper("UPDATE audit SET action = '' WHERE number = 1"); expect_broken_at(1); }
TEST_F(AuditTamper, AChangedSubjectIsFound) { tamper("UPDATE audit SET subject = 'subjecu' WHERE number = 5"); expect_broken_at(5); }
TEST_F(AuditTamper, AChangedDetailIsFound) { tamper("UPDATE audit SET detail = 'detail ' WHERE number = 4"); expect_broken_at(4); }
TEST_F(AuditTamper, AChangedLinkIsFound) { tamper("UPDATE audit SET chain = zeroblob(32) WHERE number = 2"); expect_broken_at(2); }
TEST_F(AuditTamper, TextMovedBetweenFieldsIsFound) {
  tamper("UPDATE audit SET actor = 'actora', action = 'ction' WHERE number = 2");
  expect_broken_at(2);
}
TEST_F(AuditTamper, ARemovedRecordIsFound) { tamper("DELETE FROM audit WHERE number = 3"); expect_broken_at(3); }
TEST_F(AuditTamper, ARemovedFirstRecordIsFound) { tamper("DELETE FROM audit WHERE number = 1"); expect_broken_at(1); }
TEST_F(AuditTamper, ACutEndIsFound) { tamper("DELETE FROM audit WHERE number >= 4"); expect_broken_at(4); }
TEST_F(AuditTamper, AnEmptiedTableIsFound) { tamper("DELETE FROM audit"); expect_broken_at(1); }
TEST_F(AuditTamper, AnInsertedRecordIsFound) {
  tamper("INSERT INTO audit VALUES (6, 0, 'a', 'b', 'c', 'd', zeroblob(32))");
  expect_broken_at(6);
}
TEST_F(AuditTamper, SwappedRecordsAreFound) {
  tamper("UPDATE audit SET number = 100 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3; "
         "UPDATE audit SET number = 3 WHERE number = 100");
  expect_broken_at(2);
}

TEST(AuditChain, EveryByteOfARecordIsInItsLink) {
  const AuditRow row{7, at(9), "actor", "action", "subject", "detail", {}};
  const Sha256 before = sha256_of("previous");
  const Sha256 link = chain_digest(before, row);
  for (std::string AuditRow::*field : {&AuditRow::actor, &AuditRow::action, &AuditRow::subject, &AuditRow::detail}) {
    for (std::size_t i = 0; i < (row.*field).size(); ++i) {
      AuditRow changed = row;
      (changed.*field)[i] ^= 1;
      EXPECT_NE(chain_digest(before, changed), link);
    }
  }
  for (int bit = 0; bit < 63; ++bit) {
    AuditRow changed = row;
    changed.number ^= 1ull << bit;
    EXPECT_NE(chain_digest(before, changed), link);
    changed = row;
    changed.at = wall_from_unix_ns(unix_ns(row.at) ^ (1ll << bit));
    EXPECT_NE(chain_digest(before, changed), link);
  }
  for (std::size_t i = 0; i < before.bytes.size(); ++i) {
    Sha256 changed = before;
    changed.bytes[i] ^= 0x80;
    EXPECT_NE(chain_digest(changed, row), link);
  }
}

TEST(AuditChain, TheEncodingOfAKnownRecordNeverChanges) {
  const AuditRow row{1, at(1), "uid 0 (root)", "config.apply", "fleet", "revision 1", {}};
  EXPECT_EQ(render(chain_digest(Sha256{}, row)), "38f4a3f1f638f7aad6d1831815bee60ca778d839f61e189200c4ec2e68a0c3da");
}

}  // namespace
}  // namespace ondol::store
