// Schema steps: every older file opens, newer and foreign ones are left alone, a failing step leaves nothing behind.
#include "collector/store/sqlite/migrate.h"

#include <fstream>
#include <sstream>

#include "tests/contract/store/engine.h"

namespace ondol::store {
namespace {

constexpr Migration kFirst[] = {{1, "first", "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)"}};
constexpr Migration kTwo[] = {kFirst[0], {2, "second", "CREATE TABLE b (y INTEGER) STRICT; INSERT INTO b SELECT x + 1 FROM a"}};
constexpr Migration kBroken[] = {kFirst[0], {2, "second", "CREATE TABLE b (y INTEGER) STRICT; INSERT INTO nowhere VALUES (1)"}};

class Migrate : public testing::Test {
 protected:
  Connection open() {
    return *Connection::open(directory_.file("store.db"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  }
  static std::int64_t integer(Connection& db, const char* sql) {
    Query query = db.query(sql);
    return query.next() ? query.integer() : -1;
  }
  std::string path() const { return directory_.file("store.db"); }

 private:
  TemporaryDirectory directory_;
};

TEST_F(Migrate, StepsAreAppliedOnceAndInOrder) {
  Connection db = open();
  ASSERT_TRUE(migrate(db, kFirst));
  ASSERT_TRUE(migrate(db, kTwo));
  ASSERT_TRUE(migrate(db, kTwo));
  EXPECT_EQ(integer(db, "SELECT sum(x) FROM a"), 1);
  EXPECT_EQ(integer(db, "SELECT sum(y) FROM b"), 2);
  EXPECT_EQ(integer(db, "SELECT count(*) FROM schema_version"), 2);
}

TEST_F(Migrate, AFailingStepLeavesTheOlderSchemaAsItWas) {
  Connection db = open();
  ASSERT_TRUE(migrate(db, kFirst));
  EXPECT_FALSE(migrate(db, kBroken));
  EXPECT_EQ(integer(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
  EXPECT_EQ(integer(db, "SELECT max(version) FROM schema_version"), 1);
  EXPECT_TRUE(migrate(db, kTwo));
}

TEST_F(Migrate, ANewerSchemaIsRefusedWithItsRemedyAndLeftAlone) {
  Connection db = open();
  ASSERT_TRUE(migrate(db, kTwo));
  const auto refused = migrate(db, kFirst);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kUnsupported);
  EXPECT_NE(refused.error().message.find("version 2"), std::string::npos);
  EXPECT_NE(refused.error().remedy.find("newer collector"), std::string::npos);
  EXPECT_EQ(integer(db, "SELECT max(version) FROM schema_version"), 2);
}

TEST_F(Migrate, ADatabaseOfAnotherProgramIsRefusedAndLeftAlone) {
  Connection db = open();
  ASSERT_TRUE(db.execute("CREATE TABLE theirs (x)"));
  const auto refused = migrate(db, kFirst);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalidInput);
  EXPECT_EQ(integer(db, "SELECT count(*) FROM sqlite_schema"), 1);
  EXPECT_EQ(integer(db, "PRAGMA application_id"), 0);
}

TEST_F(Migrate, TheStoreRefusesAFileOfANewerCollector) {
  ASSERT_TRUE(open_sqlite_store(path()));
  ASSERT_TRUE(open().execute("INSERT INTO schema_version VALUES (999, 'from the future', 0)"));
  const auto refused = open_sqlite_store(path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kUnsupported);
  EXPECT_EQ(refused.error().where, path());
}

TEST_F(Migrate, AStoreOfSchemaVersionOneOpensWithAllItHolds) {
  std::ifstream file(ONDOL_SOURCE_DIR "/tests/fixtures/store/version_1.sql");
  std::stringstream dump;
  dump << file.rdbuf();
  ASSERT_GT(dump.str().size(), 1000u);
  ASSERT_TRUE(open().execute(dump.str()));
  const auto store = value_of(open_sqlite_store(path()));
  ASSERT_TRUE(store);
  EXPECT_EQ(value_of(store->read_records()).front().labels.at("tier"), "gold");
  EXPECT_EQ(value_of(store->read_current_revision())->files.front().content, "routes: { list: [] }\n");
  const CommitRow first{1, Revision("r1"), "first", "uid 1000 (kim)", at(9), false, std::nullopt, std::nullopt};
  EXPECT_EQ(value_of(store->read_commits(9)), std::vector{first});
  EXPECT_EQ(value_of(store->read_desired(host("web-1")))->generation, Generation(4));
  EXPECT_EQ(value_of(store->read_observed(host("web-1"), session::ResourceType::kRoutes))->payload, "observed");
  EXPECT_EQ(value_of(store->read_events(host("web-1"), 9)).size(), 2u);
  EXPECT_EQ(value_of(store->read_event_positions()).front().lost, 3u);
  EXPECT_EQ(value_of(store->read_open_drift()).size(), 1u);
  EXPECT_EQ(value_of(store->read_statuses()).front().status.running, Generation(4));
  EXPECT_EQ(value_of(store->read_token(sha256_of("secret")))->used, at(70));
  EXPECT_TRUE(value_of(store->read_certificates()).front().revoked);
  EXPECT_EQ(value_of(store->read_audit(9)).size(), 2u);
  EXPECT_TRUE(store->verify_audit());
  EXPECT_TRUE(store->commit({AppendAudit(audit("after.upgrade"))}));
  EXPECT_TRUE(store->verify_audit());
}

}  // namespace
}  // namespace ondol::store
