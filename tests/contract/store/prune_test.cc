// Contract: what is let go of a host's history, and what never is.
#include "tests/contract/store/engine.h"

namespace ondol::store {
namespace {

PruneHost prune(const std::string& name, std::size_t keep, std::size_t most = 1'000) {
  PruneHost write{host(name)};
  write.now = at(1'000'000);
  write.keep_events = keep;
  write.always_keep_events = 2;
  write.keep_drift = keep;
  write.always_keep_drift = 2;
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

class PruningDrift : public Pruning {
 protected:
  // Opened at second `id`; closed then too, or never.
  void drift(const std::string& name, std::uint64_t id, bool open = false) {
    PutDrift write{{DriftId{id}, host(name), at(static_cast<std::int64_t>(id)), std::nullopt, "d"}};
    if (!open) write.row.closed = write.row.opened;
    commit({write});
  }
  std::vector<std::uint64_t> left(const std::string& name) {
    std::vector<std::uint64_t> ids;
    for (const DriftRow& row : value_of(store().read_drift(host(name), 1'000))) ids.push_back(row.id.value);
    return ids;
  }
};

TEST_P(PruningDrift, LeavesTheNewestClosedOnesAndEveryOpenOne) {
  drift("a", 1, true);
  for (std::uint64_t id = 2; id <= 8; ++id) drift(id % 2 == 0 ? "a" : "b", id);
  commit({prune("a", 2)});
  EXPECT_EQ(left("a"), (std::vector<std::uint64_t>{8, 6, 1}));
  EXPECT_EQ(left("b").size(), 3u);
}

TEST_P(PruningDrift, TakesAtMostSoManyAtOnceTheOldestFirst) {
  for (std::uint64_t id = 1; id <= 10; ++id) drift("a", id);
  commit({prune("a", 2, 3)});
  EXPECT_EQ(left("a").back(), 4u);
  EXPECT_EQ(left("a").size(), 7u);
}

TEST_P(PruningDrift, ByAgeKeepsTheNewestWhateverTheClockSaysSoThatNoNumberIsGivenTwice) {
  for (std::uint64_t id = 1; id <= 10; ++id) drift("a", id);
  PruneHost old = prune("a", 100);
  old.events_from = at(5);
  commit({old});
  EXPECT_EQ(left("a").back(), 5u);
  old.events_from = at(999'999'999);
  commit({old});
  EXPECT_EQ(left("a"), (std::vector<std::uint64_t>{10, 9}));
  EXPECT_EQ(value_of(store().read_highest_drift_id()), DriftId{10});
}

TEST_P(PruningDrift, PagesGoOnBelowTheLastNumber) {
  for (std::uint64_t id = 1; id <= 5; ++id) drift(id == 3 ? "b" : "a", id);
  const auto ids = [&](const std::optional<HostId>& of, std::uint64_t below) {
    std::vector<std::uint64_t> list;
    for (const DriftRow& row : value_of(store().read_drift(of, 2, DriftId{below}))) list.push_back(row.id.value);
    return list;
  };
  EXPECT_EQ(ids(std::nullopt, 0), (std::vector<std::uint64_t>{5, 4}));
  EXPECT_EQ(ids(std::nullopt, 4), (std::vector<std::uint64_t>{3, 2}));
  EXPECT_EQ(ids(host("a"), 4), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_TRUE(ids(host("a"), 1).empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, PruningDrift, testing::ValuesIn(every_engine()), engine_name);
INSTANTIATE_TEST_SUITE_P(Engines, Pruning, testing::ValuesIn(every_engine()), engine_name);

}  // namespace
}  // namespace ondol::store
