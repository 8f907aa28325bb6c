// A real file system that is full: reads keep working, writes are refused, and all is well again once there is space.
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>

#include <cstring>
#include <fstream>

#include "tests/contract/store/engine.h"
#include "tests/integration/store/load.h"

namespace ondol::store {
namespace {

class DiskFull : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << "needs root: " << std::strerror(errno);
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << std::strerror(errno);
    small_ = directory_.file("small");
    std::filesystem::create_directory(small_);
    ASSERT_EQ(mount("tmpfs", small_.c_str(), "tmpfs", 0, "size=4m"), 0) << std::strerror(errno);
  }
  void TearDown() override { umount2(small_.c_str(), MNT_DETACH); }

  void fill() {
    std::ofstream filler(small_ + "/filler");
    const std::string block(4096, 'f');
    while (filler.write(block.data(), 4096) && filler.flush()) {
    }
  }
  void make_space() { std::filesystem::remove(small_ + "/filler"); }
  std::string path() const { return small_ + "/store.db"; }

 private:
  TemporaryDirectory directory_;
  std::string small_;
};

// Commits until the disk refuses; returns the last number that was acknowledged.
std::uint64_t commit_until_refused(Store& store, std::uint64_t from, Error& refusal) {
  for (std::uint64_t n = from; n < from + 10'000; ++n) {
    const auto stored = store.commit(load_batch("w", n));
    if (stored) continue;
    refusal = stored.error();
    return n - 1;
  }
  ADD_FAILURE() << "the disk never filled up";
  return 0;
}

TEST_F(DiskFull, ReadsWorkWritesAreRefusedAndSpaceHeals) {
  const auto store = value_of(open_sqlite_store(path()));
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->commit(load_batch("w", 1)));
  fill();
  Error refusal;
  const std::uint64_t acked = commit_until_refused(*store, 2, refusal);
  EXPECT_EQ(refusal.code, Errc::kIo) << render(refusal);
  EXPECT_NE(refusal.remedy.find("make space"), std::string::npos) << render(refusal);
  for (int again = 0; again < 3; ++again) EXPECT_FALSE(store->commit(load_batch("w", acked + 1)));
  (void)store->checkpoint();
  EXPECT_FALSE(store->must_reopen());
  expect_kept(*store, "w", acked);
  EXPECT_EQ(stored_number(*store, "w"), acked);
  EXPECT_TRUE(store->verify_audit());
  make_space();
  EXPECT_TRUE(store->commit(load_batch("w", acked + 1)));
  EXPECT_TRUE(store->checkpoint());
  EXPECT_TRUE(store->verify_audit());
}

TEST_F(DiskFull, AStoreThatStoppedOnAFullDiskStillOpensForReading) {
  std::uint64_t acked = 0;
  Error refusal;
  {
    const auto store = value_of(open_sqlite_store(path()));
    fill();
    acked = commit_until_refused(*store, 1, refusal);
  }
  fill();
  const auto store = value_of(open_sqlite_store(path()));
  ASSERT_TRUE(store);
  expect_kept(*store, "w", acked);
  EXPECT_EQ(commit_until_refused(*store, acked + 1, refusal), acked);
  make_space();
  EXPECT_TRUE(store->commit(load_batch("w", acked + 1)));
}

TEST_F(DiskFull, ACleanStoreOnADiskThatFilledUpSinceSaysSoAndOpensOnceThereIsSpace) {
  ASSERT_TRUE(value_of(open_sqlite_store(path()))->commit(load_batch("w", 1)));
  fill();
  const auto refused = open_sqlite_store(path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kIo) << render(refused.error());
  make_space();
  const auto store = value_of(open_sqlite_store(path()));
  ASSERT_TRUE(store);
  expect_kept(*store, "w", 1);
  EXPECT_TRUE(store->commit(load_batch("w", 2)));
}

}  // namespace
}  // namespace ondol::store
