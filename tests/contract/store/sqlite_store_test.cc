// What only the engine that keeps a file promises.
#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/contract/store/engine.h"

namespace ondol::store {
namespace {

class SqliteStoreFile : public testing::Test {
 protected:
  std::string path() const { return directory_.file("store.db"); }
  std::unique_ptr<Store> open(const SqliteLimits& limits = {}) { return value_of(open_sqlite_store(path(), limits)); }
  static unsigned mode_of(const std::string& file) {
    struct stat facts{};
    EXPECT_EQ(stat(file.c_str(), &facts), 0) << file;
    return facts.st_mode & 0777;
  }
  TemporaryDirectory directory_;
};

TEST_F(SqliteStoreFile, WhatIsCommittedIsThereAfterReopening) {
  ASSERT_TRUE(open()->commit({PutDesired{desired("a", 5)}, AppendAudit(audit("x"))}));
  const auto again = open();
  EXPECT_EQ(value_of(again->read_desired(host("a"))), desired("a", 5));
  EXPECT_FALSE(again->commit({PutDesired{desired("a", 5)}}));
  EXPECT_TRUE(again->commit({AppendAudit(audit("y"))}));
  EXPECT_TRUE(again->verify_audit());
}

TEST_F(SqliteStoreFile, TheFileItsLogAndItsIndexArePrivate) {
  const auto store = open();
  ASSERT_TRUE(store->commit({AppendAudit(audit("x"))}));
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) EXPECT_EQ(mode_of(path() + suffix), 0600u) << suffix;
}

TEST_F(SqliteStoreFile, AFileThatOthersCouldReadIsMadePrivate) {
  open();
  ASSERT_EQ(chmod(path().c_str(), 0644), 0);
  open();
  EXPECT_EQ(mode_of(path()), 0600u);
}

TEST_F(SqliteStoreFile, ASecondCollectorIsRefusedWhileTheFirstHasItOpen) {
  auto first = open();
  const auto second = open_sqlite_store(path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kConflict);
  EXPECT_NE(second.error().remedy.find("state_dir"), std::string::npos);
  first.reset();
  EXPECT_TRUE(open_sqlite_store(path()));
}

TEST_F(SqliteStoreFile, AMissingDirectoryIsNamed) {
  const auto refused = open_sqlite_store(directory_.file("nowhere/store.db"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kIo);
  EXPECT_NE(refused.error().where.find("nowhere"), std::string::npos);
}

TEST_F(SqliteStoreFile, ASymbolicLinkIsNotFollowed) {
  std::filesystem::create_symlink(directory_.file("elsewhere.db"), path());
  EXPECT_FALSE(open_sqlite_store(path()));
  EXPECT_FALSE(std::filesystem::exists(directory_.file("elsewhere.db")));
}

TEST_F(SqliteStoreFile, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  std::ofstream(path()) << std::string(8192, 'x');
  const auto refused = open_sqlite_store(path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kCorrupt);
  EXPECT_EQ(std::filesystem::file_size(path()), 8192u);
}

TEST_F(SqliteStoreFile, ACorruptPageIsAnErrorNotAnEmptyAnswer) {
  {
    const auto store = open();
    Batch batch;
    for (std::uint64_t i = 1; i <= 500; ++i) batch.push_back(PutDrift{drift(i, "a")});
    ASSERT_TRUE(store->commit(batch));
  }
  const auto size = std::filesystem::file_size(path());
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  for (std::uintmax_t page = 4096 * 2; page < size; page += 4096) {
    file.seekp(static_cast<std::streamoff>(page));
    file << std::string(64, '\x5a');
  }
  file.close();
  const auto store = open_sqlite_store(path());
  if (!store) {
    EXPECT_EQ(store.error().code, Errc::kCorrupt);
    return;
  }
  const auto rows = (*store)->read_drift(std::nullopt, 1000);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Errc::kCorrupt);
}

TEST_F(SqliteStoreFile, TheLogStaysBoundedWhileCheckpointsRun) {
  const auto store = open({.log_restart_bytes = 1 << 20});
  const std::string payload(100'000, 'x');
  for (std::uint64_t g = 1; g <= 100; ++g) {
    ASSERT_TRUE(store->commit({PutDesired{desired("a", g, payload)}}));
    ASSERT_TRUE(store->checkpoint());
  }
  EXPECT_LT(std::filesystem::file_size(path() + "-wal"), 3u << 20);
}

TEST_F(SqliteStoreFile, AForeignReaderThatHoldsTheLogMeansBackPressureUntilItLetsGo) {
  const auto store = open({.log_restart_bytes = 100'000, .log_refuse_bytes = 300'000, .log_restart_pause = Milliseconds(0)});
  ASSERT_TRUE(store->commit({PutDesired{desired("a", 1)}}));
  sqlite3* reader = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &reader), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(reader, "BEGIN; SELECT * FROM desired", nullptr, nullptr, nullptr), SQLITE_OK);
  Result<void> stored;
  for (std::uint64_t g = 2; g < 100 && stored; ++g) {
    stored = store->commit({PutDesired{desired("a", g, std::string(50'000, 'x'))}});
    if (stored) (void)store->checkpoint();
  }
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, Errc::kUnavailable);
  EXPECT_NE(stored.error().remedy.find("fuser"), std::string::npos);
  EXPECT_TRUE(store->read_desired(host("a")));
  sqlite3_close(reader);
  EXPECT_TRUE(store->checkpoint());
  EXPECT_TRUE(store->commit({PutDesired{desired("a", 1000)}}));
}

}  // namespace
}  // namespace ondol::store
