// Every allocation that SQLite makes in the store's life fails once; nothing acknowledged is lost.
#include <fmt/format.h>
#include <sqlite3.h>

#include <atomic>

#include "tests/contract/store/engine.h"
#include "tests/integration/store/load.h"

namespace ondol::store {
namespace {

sqlite3_mem_methods real_memory;
std::atomic<long> allocations{0}, target{-1};

bool fails_now() { return allocations.fetch_add(1) == target.load(); }

void install_failing_memory() {
  static const bool installed = [] {
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    sqlite3_mem_methods failing = real_memory;
    failing.xMalloc = [](int size) { return fails_now() ? nullptr : real_memory.xMalloc(size); };
    failing.xRealloc = [](void* old, int size) { return fails_now() ? nullptr : real_memory.xRealloc(old, size); };
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);  // every allocation counts
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) == SQLITE_OK;
  }();
  ASSERT_TRUE(installed);
  sqlite3_initialize();
}

std::uint64_t live(const std::string& path) {
  const auto store = open_sqlite_store(path);
  if (!store) return 0;
  std::uint64_t acked = 0;
  for (std::uint64_t n = 1; n <= 3; ++n) {
    if ((*store)->commit(load_batch("w", n))) acked = n;
    if (n == 2) (void)(*store)->checkpoint();
  }
  return acked;
}

TEST(AllocationFaults, OneFailedAllocationAnywhereLosesNothingAndHeals) {
  install_failing_memory();
  long point = 0;
  for (bool fired = true; fired && !testing::Test::HasFailure(); point += 3) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("store.db");
    allocations = 0;
    target = point;
    const std::uint64_t acked = live(path);
    fired = allocations > point;
    target = -1;
    SCOPED_TRACE(fmt::format("allocation {}", point));
    const auto store = open_sqlite_store(path);
    ASSERT_TRUE(store) << render(store.error());
    expect_kept(**store, "w", acked);
    EXPECT_TRUE((*store)->verify_audit());
    EXPECT_TRUE((*store)->commit(load_batch("w", 10)));
    EXPECT_TRUE(fired || acked == 3);
  }
  EXPECT_GT(point, 100);
  RecordProperty("allocations", static_cast<int>(point));
}

}  // namespace
}  // namespace ondol::store
