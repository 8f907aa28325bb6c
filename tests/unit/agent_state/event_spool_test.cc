#include "agent/state/event_spool.h"

#include <gtest/gtest.h>

#include "tests/fixtures/scratch_dir.h"

namespace ondol::agent {
namespace {

using fixtures::ScratchDir;

session::HostEvent event(std::uint64_t sequence, std::size_t size = 20) {
  return {EventSequence{sequence}, WallTime{Seconds{1'800'000'000}},
          session::ObserverNotice{session::ResourceType::kRoutes, "hold", std::string(std::min<std::size_t>(size, 200), 'x')}};
}

void fill(EventSpool& spool, std::uint64_t from, std::uint64_t to, std::size_t size = 20) {
  for (std::uint64_t i = from; i <= to; ++i) spool.append(event(i, size));
}

std::string last_file(const ScratchDir& scratch) {
  std::string last;
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path())) {
    if (entry.path().filename().string().starts_with("events-")) last = std::max(last, entry.path().string());
  }
  return last;
}

TEST(ASpool, GivesBackWhatWasAppendedOverARestart) {
  ScratchDir scratch;
  {
    auto spool = EventSpool::open(scratch.path()).value();
    fill(spool, 1, 10);
  }
  auto spool = EventSpool::open(scratch.path()).value();
  EXPECT_EQ(spool.next().value, 11U);
  const auto batch = spool.read(EventSequence{4}, 1 << 20).value();
  EXPECT_EQ(batch.first.value, 4U);
  ASSERT_EQ(batch.events.size(), 7U);
  EXPECT_EQ(batch.events[0], event(4));
  EXPECT_EQ(batch.lost, 0U);
}

TEST(ASpool, TornAtAnyByteOfItsTailKeepsEveryWholeEventAndItsNumbers) {
  ScratchDir scratch;
  {
    auto spool = EventSpool::open(scratch.path()).value();
    fill(spool, 1, 3);
  }
  const std::string file = last_file(scratch);
  const std::string whole = fixtures::read_bytes(file);
  const std::size_t record = whole.size() / 3;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    fixtures::write_bytes(file, whole.substr(0, size));
    auto spool = EventSpool::open(scratch.path()).value();
    EXPECT_EQ(spool.next().value, 1 + size / record) << size;
    EXPECT_EQ(spool.torn_bytes(), size % record) << size;
    spool.append(event(spool.next().value));
    EXPECT_EQ(spool.read(EventSequence{1}, 1 << 20)->events.size(), 1 + size / record);
  }
}

TEST(ASpool, WithAnyByteOfARecordChangedKeepsWhatIsBeforeIt) {
  ScratchDir scratch;
  {
    auto spool = EventSpool::open(scratch.path()).value();
    fill(spool, 1, 3);
  }
  const std::string file = last_file(scratch);
  const std::string whole = fixtures::read_bytes(file);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ 1);
    fixtures::write_bytes(file, broken);
    EXPECT_EQ(EventSpool::open(scratch.path())->next().value, 1 + at / (whole.size() / 3)) << at;
  }
}

TEST(ASpool, ForgetsWhatIsAcknowledgedButNeverItsNumbers) {
  ScratchDir scratch;
  {
    auto spool = EventSpool::open(scratch.path(), {.segment_bytes = 500}).value();
    fill(spool, 1, 100);
    spool.truncate(EventSequence{100});
    EXPECT_EQ(spool.depth(), 0U);
    EXPECT_EQ(spool.dropped(), 0U);
  }
  auto spool = EventSpool::open(scratch.path()).value();
  EXPECT_EQ(spool.next().value, 101U);
}

TEST(ASpool, JumpsOverNumbersThatTheCollectorHasSeenAlready) {
  ScratchDir scratch;
  {
    auto spool = EventSpool::open(scratch.path()).value();
    fill(spool, 1, 5);
    spool.truncate(EventSequence{500});
    EXPECT_EQ(spool.next().value, 501U);
  }
  auto spool = EventSpool::open(scratch.path()).value();
  EXPECT_EQ(spool.next().value, 501U);
  fill(spool, 501, 502);
  EXPECT_EQ(spool.read(EventSequence{501}, 1 << 20)->events.size(), 2U);
}

TEST(ASpool, DropsTheOldestWhenItIsFullAndCountsThem) {
  ScratchDir scratch;
  auto spool = EventSpool::open(scratch.path(), {.max_events = 100, .segment_bytes = 400, .kept_in_memory = 8}).value();
  fill(spool, 1, 1000);
  EXPECT_LE(spool.depth(), 100U);
  EXPECT_EQ(spool.depth() + spool.dropped(), 1000U);
  const auto batch = spool.read(EventSequence{1}, 1 << 20).value();
  EXPECT_EQ(batch.lost, spool.dropped());
  EXPECT_EQ(batch.first, spool.oldest());
  EXPECT_EQ(batch.events.front(), event(spool.oldest().value));
}

TEST(ASpool, GivesAtMostABatchAndOnlySoManyBytes) {
  ScratchDir scratch;
  auto spool = EventSpool::open(scratch.path(), {.kept_in_memory = 8}).value();
  fill(spool, 1, 1000, 200);
  EXPECT_EQ(spool.read(EventSequence{1}, 1 << 20)->events.size(), session::kMaxEventsPerBatch);
  const auto small = spool.read(EventSequence{1}, 10'000).value();
  EXPECT_GT(small.events.size(), 10U);
  EXPECT_LT(small.events.size(), 60U);
  EXPECT_EQ(spool.read(EventSequence{1}, 1)->events.size(), 1U) << "one always goes, or nothing ever would";
}

TEST(ASpool, ReadsAcrossSegmentsWithoutAGap) {
  ScratchDir scratch;
  auto spool = EventSpool::open(scratch.path(), {.segment_bytes = 300, .kept_in_memory = 4}).value();
  fill(spool, 1, 300);
  std::uint64_t expected = 1;
  while (expected <= 300) {
    const auto batch = spool.read(EventSequence{expected}, 4'000).value();
    for (const auto& one : batch.events) EXPECT_EQ(one.sequence.value, expected++);
  }
}

session::HostEvent repair(std::uint64_t sequence, std::uint64_t answers) {
  session::RouteRepair body;
  body.key.destination = parse_prefix("10.20.0.0/16").value();
  body.answers = EventSequence{answers};
  return {EventSequence{sequence}, WallTime{Seconds{1'800'000'000}}, body};
}

TEST(ASpool, WhoseDirectoryWasWipedGoesOnAboveWhatTheCollectorHas) {
  ScratchDir scratch;
  {
    auto spool = EventSpool::open(scratch.path()).value();
    fill(spool, 1, 2);
    spool.append(repair(3, 2));
    EXPECT_EQ(spool.unproven().value, 1U);
    spool.settle(EventSequence{1}, 500);
    EXPECT_EQ(spool.oldest().value, 501U);
    spool.append(event(504));
    EXPECT_EQ(spool.next().value, 505U);
  }
  auto spool = EventSpool::open(scratch.path()).value();
  const auto batch = spool.read(EventSequence{501}, 1 << 20).value();
  EXPECT_EQ(batch.first.value, 501U);
  EXPECT_EQ(batch.lost, 0U);
  ASSERT_EQ(batch.events.size(), 4U);
  EXPECT_EQ(batch.events[1], event(502));
  EXPECT_EQ(batch.events[2], repair(503, 502)) << "the change that was answered moved as well";
  EXPECT_EQ(batch.events[3], event(504));
  EXPECT_EQ(spool.unproven().value, 505U) << "what comes now may be given a second time";
}

TEST(ASpool, ThatTheCollectorHasNotSpokenToSinceStaysUnprovenOverRestarts) {
  ScratchDir scratch;
  {
    auto spool = EventSpool::open(scratch.path()).value();
    spool.settle(EventSequence{1}, 0);
    fill(spool, 1, 10);
  }
  for (int restart = 0; restart < 3; ++restart) {
    auto spool = EventSpool::open(scratch.path()).value();
    EXPECT_EQ(spool.unproven().value, 11U);
    spool.append(event(spool.next().value));
  }
}

TEST(ASpool, ThatLostItsEndInAPowerCutMovesOnlyWhatItWroteSince) {
  ScratchDir scratch;
  {
    auto spool = EventSpool::open(scratch.path()).value();
    spool.settle(EventSequence{1}, 0);
    fill(spool, 1, 10);
  }
  const std::string whole = fixtures::read_bytes(last_file(scratch));
  fixtures::write_bytes(last_file(scratch), whole.substr(0, whole.size() / 2));
  auto spool = EventSpool::open(scratch.path()).value();
  EXPECT_EQ(spool.unproven().value, 6U);
  fill(spool, 6, 7);
  spool.settle(EventSequence{6}, 5);  // the collector has 10
  const auto batch = spool.read(EventSequence{11}, 1 << 20).value();
  ASSERT_EQ(batch.events.size(), 2U);
  EXPECT_EQ(batch.events[0], event(11));
  EXPECT_EQ(spool.oldest().value, 11U);
}

TEST(ASpool, NamesWhatIsNotOnDiskForGoodAndForgetsItOnceFlushed) {
  ScratchDir scratch;
  auto spool = EventSpool::open(scratch.path(), {.segment_bytes = 300}).value();
  EXPECT_FALSE(spool.has_unflushed());
  fill(spool, 1, 20);
  const auto files = spool.take_unflushed();
  EXPECT_GT(files.size(), 2U) << "every segment since, and the directory";
  EXPECT_FALSE(spool.has_unflushed());
  spool.flushed(flush_files(files));
  EXPECT_EQ(spool.problem(), "");
  fill(spool, 21, 21);
  EXPECT_TRUE(spool.has_unflushed());
}

TEST(ASpool, WhoseFlushFailsSaysSoAndTriesAgain) {
  ScratchDir scratch;
  auto spool = EventSpool::open(scratch.path()).value();
  fill(spool, 1, 1);
  static_cast<void>(spool.take_unflushed());
  spool.flushed(fail(Errc::kIo, "cannot sync: Input/output error"));
  EXPECT_EQ(spool.problem(), "events may not survive a power cut: cannot sync: Input/output error");
  ASSERT_TRUE(spool.has_unflushed());
  spool.flushed(flush_files(spool.take_unflushed()));
  EXPECT_EQ(spool.problem(), "");
}

}  // namespace
}  // namespace ondol::agent
