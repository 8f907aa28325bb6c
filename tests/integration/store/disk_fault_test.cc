// Every write, flush and truncation of the store's life fails once, in five ways; nothing acknowledged is lost.
#include <fmt/format.h>

#include "tests/contract/store/engine.h"
#include "tests/fakes/store/faulty_disk.h"
#include "tests/integration/store/load.h"

namespace ondol::store {
namespace {

struct Outcome {
  bool opened = false;
  std::uint64_t acked = 0;
  bool healed = false;          // one of two commits at the end was stored
  bool must_reopen = false;
  bool failed_a_flush = false;  // before the store was closed
  bool refused_after_flush = true;  // nothing was acknowledged once a flush had failed
};

constexpr std::uint64_t kBatches = 8;

Outcome live(const std::string& path) {
  Outcome outcome;
  auto store = open_sqlite_store(path);
  outcome.opened = store.has_value();
  if (!store) return outcome;
  for (std::uint64_t n = 1; n <= kBatches; ++n) {
    const bool failed_before = (*store)->must_reopen();
    const bool stored = (*store)->commit(load_batch("w", n)).has_value();
    if (stored) outcome.acked = n;
    if (stored && failed_before) outcome.refused_after_flush = false;
    outcome.healed = stored && n + 1 >= kBatches ? true : outcome.healed;
    EXPECT_TRUE((*store)->read_records()) << "reads must keep working";
    if (n % 3 == 0) (void)(*store)->checkpoint();
  }
  outcome.must_reopen = (*store)->must_reopen();
  outcome.failed_a_flush = faulty_disk::fired() && faulty_disk::last_fault().starts_with("xSync");
  return outcome;
}

void expect_all_kept(const std::string& path, std::uint64_t acked) {
  const auto store = open_sqlite_store(path);
  ASSERT_TRUE(store) << render(store.error());
  expect_kept(**store, "w", acked);
  const auto verified = (*store)->verify_audit();
  EXPECT_TRUE(verified) << render(verified.error());
  EXPECT_TRUE((*store)->commit(load_batch("w", kBatches + 1)));
  EXPECT_FALSE((*store)->must_reopen());
}

class DiskFaults : public testing::Test {
 protected:
  // One life with the fault at `operation`; false = the life ended before that operation came.
  bool live_with_fault(std::size_t operation, DiskFault fault) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("store.db");
    faulty_disk::arm(operation, fault);
    last_ = live(path);
    const bool fired = faulty_disk::fired();
    faulty_disk::disarm();
    SCOPED_TRACE(fmt::format("operation {}: {}", operation, faulty_disk::last_fault()));
    expect_all_kept(path, last_.acked);
    expect_sound_file(path);
    EXPECT_TRUE(last_.refused_after_flush);
    return fired;
  }
  template <typename Check>
  void sweep(DiskFault fault, Check check) {
    std::size_t operation = 0;
    while (live_with_fault(operation, fault) && !HasFailure()) {
      check(last_, faulty_disk::last_fault());
      ++operation;
    }
    EXPECT_GT(operation, 40u) << "the life is too short to prove anything";
    RecordProperty("operations", static_cast<int>(operation));
  }
  Outcome last_;
};

TEST_F(DiskFaults, OneErrorAnywhereLosesNothingAndHealsUnlessItWasAFlush) {
  sweep(DiskFault::kErrorOnce, [](const Outcome& outcome, const std::string& what) {
    if (!outcome.opened) return;
    EXPECT_EQ(outcome.must_reopen, outcome.failed_a_flush) << what;
    EXPECT_TRUE(outcome.healed || outcome.failed_a_flush) << what;
  });
}

TEST_F(DiskFaults, ADeadDiskLosesNothing) {
  sweep(DiskFault::kErrorFromHere, [](const Outcome&, const std::string&) {});
}

TEST_F(DiskFaults, AFullDiskLosesNothing) {
  sweep(DiskFault::kFullFromHere, [](const Outcome&, const std::string&) {});
}

TEST_F(DiskFaults, APowerCutLosesNothing) {
  sweep(DiskFault::kPowerLoss, [](const Outcome&, const std::string&) {});
}

TEST_F(DiskFaults, APowerCutThatLeavesHalfOfTheUnflushedWritesLosesNothing) {
  sweep(DiskFault::kTornPowerLoss, [](const Outcome&, const std::string&) {});
}

}  // namespace
}  // namespace ondol::store
