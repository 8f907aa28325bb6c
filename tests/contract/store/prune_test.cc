// Contract: what is let go of a host's history, and what never is.
#include "tests/contract/store/engine.h"

namespace ondol::store {
namespace {

PruneHost prune(const std::string& name, std::size_t keep, std::size_t most = 1'000) {
  PruneHost write{host(name)};
  write.now = at(1'000'000);
  write.keep_events = keep;
  write.always_keep_events = 2;
  write.keep_certificates = 2;
  write.most_rows = most;
  return write;
}

class Pruning : public StoreContract {
 protected:
  void append(const std::string& name, std::uint64_t from, std::uint64_t to) {
    AppendEvents write{host(name), {}, 0};
    for (std::uint64_t i = from; i <= to; ++i) write.rows.push_back(event(name, i));  // received at second i
    commit({write});
  }
  std::vector<std::uint64_t> kept(const std::string& name) {
    std::vector<std::uint64_t> numbers;
    for (const EventRow& row : value_of(store().read_events(host(name), 1'000))) numbers.push_back(row.sequence.value);
    return numbers;
  }
};

TEST_P(Pruning, LeavesTheNewestEventsOfThatHostAndAllOfTheOthers) {
  append("a", 1, 10);
  append("b", 1, 5);
  commit({prune("a", 3)});
  EXPECT_EQ(kept("a"), (std::vector<std::uint64_t>{10, 9, 8}));
  EXPECT_EQ(kept("b").size(), 5u);
}

TEST_P(Pruning, NeverMovesTheHostsPositionSoThatNothingIsTakenTwice) {
  append("a", 1, 10);
  commit({prune("a", 1)});
  EXPECT_EQ(value_of(store().read_event_positions()), (std::vector{EventPosition{host("a"), EventSequence(10), 0}}));
}

TEST_P(Pruning, CountsRowsAndNotNumbersSoThatAJumpHidesNothing) {
  append("a", 1, 4);
  append("a", 1'000'000, 1'000'001);
  commit({prune("a", 5)});
  EXPECT_EQ(kept("a"), (std::vector<std::uint64_t>{1'000'001, 1'000'000, 4, 3, 2}));
}

TEST_P(Pruning, TakesAtMostSoManyRowsAtOnceTheOldestFirst) {
  append("a", 1, 10);
  commit({prune("a", 2, 3)});
  EXPECT_EQ(kept("a").back(), 4u);
  commit({prune("a", 2, 3), prune("a", 2, 3)});
  EXPECT_EQ(kept("a"), (std::vector<std::uint64_t>{10, 9}));
}

TEST_P(Pruning, ByAgeKeepsTheNewestWhateverTheClockSays) {
  append("a", 1, 10);
  PruneHost old = prune("a", 100);
  old.events_from = at(5);
  commit({old});
  EXPECT_EQ(kept("a").back(), 5u);
  old.events_from = at(999'999'999);
  commit({old});
  EXPECT_EQ(kept("a"), (std::vector<std::uint64_t>{10, 9}));
}

TEST_P(Pruning, OfFewerEventsThanAreKeptDoesNothing) {
  append("a", 1, 3);
  commit({prune("a", 3), prune("nobody", 3)});
  EXPECT_EQ(kept("a").size(), 3u);
}

TEST_P(Pruning, LeavesUnexpiredCertificatesAndTheNewestExpiredOnes) {
  const auto certificate = [](const std::string& serial, const std::string& name, std::int64_t not_after) {
    return PutCertificate{{serial, host(name), at(0), at(not_after), false}};
  };
  commit({certificate("01", "a", 10), certificate("02", "a", 20), certificate("03", "a", 30), certificate("04", "b", 10)});
  commit({prune("a", 1)});
  EXPECT_FALSE(value_of(store().read_certificate("01")));
  EXPECT_TRUE(value_of(store().read_certificate("02")));
  EXPECT_TRUE(value_of(store().read_certificate("03")));
  EXPECT_TRUE(value_of(store().read_certificate("04")));
  commit({certificate("05", "a", 2'000'000), certificate("06", "a", 2'000'001), certificate("07", "a", 2'000'002), prune("a", 1)});
  EXPECT_FALSE(value_of(store().read_certificate("03")));
  for (const char* serial : {"05", "06", "07"}) EXPECT_TRUE(value_of(store().read_certificate(serial))) << serial;
}

INSTANTIATE_TEST_SUITE_P(Engines, Pruning, testing::ValuesIn(every_engine()), engine_name);

}  // namespace
}  // namespace ondol::store
