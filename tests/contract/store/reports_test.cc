// Contract: what hosts report: values, events, status; and the drift made of it.
#include "tests/contract/store/engine.h"

namespace ondol::store {
namespace {

constexpr auto kRoutes = session::ResourceType::kRoutes;

ObservedRow observed(const std::string& name, const std::string& payload) {
  return {host(name), kRoutes, digest_of(payload), payload, at(11), SessionId("session-1")};
}

StatusRow status(const std::string& name, std::uint64_t running) {
  return {host(name), {kRoutes, Generation(running + 1), Generation(running), Generation(running), "held", Generation(9)},
          at(50), "0.1.0", "boot-1", std::string("\0result", 7)};
}

std::vector<std::uint64_t> sequences(const std::vector<EventRow>& rows) {
  std::vector<std::uint64_t> numbers;
  for (const EventRow& row : rows) numbers.push_back(row.sequence.value);
  return numbers;
}

std::vector<std::uint64_t> ids(const std::vector<DriftRow>& rows) {
  std::vector<std::uint64_t> numbers;
  for (const DriftRow& row : rows) numbers.push_back(row.id.value);
  return numbers;
}

TEST_P(StoreContract, TheNewestValueOfAHostReplacesTheOlderOne) {
  commit({PutObserved{observed("a", "old")}});
  commit({PutObserved{observed("a", std::string(300'000, 'x'))}});
  EXPECT_EQ(value_of(store().read_observed(host("a"), kRoutes)), observed("a", std::string(300'000, 'x')));
}

TEST_P(StoreContract, HeadsOfValuesLeaveThePayloadOut) {
  commit({PutObserved{observed("b", "two")}, PutObserved{observed("a", "one")}});
  ObservedRow a = observed("a", "one"), b = observed("b", "two");
  a.payload.clear();
  b.payload.clear();
  EXPECT_EQ(value_of(store().read_observed_heads()), (std::vector{a, b}));
}

TEST_P(StoreContract, EventsComeNewestFirstUpToTheLimit) {
  commit({AppendEvents{host("a"), {event("a", 1), event("a", 2), event("a", 3)}, 0}, AppendEvents{host("b"), {event("b", 1)}, 0}});
  EXPECT_EQ(value_of(store().read_events(host("a"), 2)), (std::vector{event("a", 3), event("a", 2)}));
  EXPECT_EQ(sequences(value_of(store().read_events(host("a"), 100))), (std::vector<std::uint64_t>{3, 2, 1}));
  EXPECT_TRUE(value_of(store().read_events(host("a"), 0)).empty());
}

TEST_P(StoreContract, AnEventSentAgainIsSkippedAndThePositionStays) {
  commit({AppendEvents{host("a"), {event("a", 1, "first"), event("a", 2)}, 0}});
  commit({AppendEvents{host("a"), {event("a", 1, "changed")}, 0}});
  EXPECT_EQ(value_of(store().read_events(host("a"), 9)).back(), event("a", 1, "first"));
  EXPECT_EQ(value_of(store().read_event_positions()), (std::vector{EventPosition{host("a"), EventSequence(2), 0}}));
  commit({AppendEvents{host("a"), {event("a", 2), event("a", 3)}, 0}});
  EXPECT_EQ(sequences(value_of(store().read_events(host("a"), 9))), (std::vector<std::uint64_t>{3, 2, 1}));
  EXPECT_EQ(value_of(store().read_event_positions()).front().durable, EventSequence(3));
}

TEST_P(StoreContract, LostEventsAddUpAlsoWithoutRows) {
  commit({AppendEvents{host("a"), {event("a", 10)}, 9}});
  commit({AppendEvents{host("a"), {}, 5}, AppendEvents{host("b"), {}, 2}});
  EXPECT_EQ(value_of(store().read_event_positions()),
            (std::vector{EventPosition{host("a"), EventSequence(10), 14}, EventPosition{host("b"), EventSequence(0), 2}}));
}

TEST_P(StoreContract, EventsThatDoNotAscendOrNameAnotherHostAreRefused) {
  expect_refused({AppendEvents{host("a"), {event("a", 2), event("a", 2)}, 0}}, Errc::kInvalidInput, "write 0");
  expect_refused({AppendEvents{host("a"), {event("a", 2), event("a", 1)}, 0}}, Errc::kInvalidInput, "write 0");
  expect_refused({AppendEvents{host("a"), {event("a", 0)}, 0}}, Errc::kInvalidInput, "write 0");
  expect_refused({AppendEvents{host("a"), {event("a", 1ull << 63)}, 0}}, Errc::kInvalidInput, "write 0");
  expect_refused({PutDrift{drift(1, "a")}, AppendEvents{host("a"), {event("b", 1)}, 0}}, Errc::kInvalidInput, "write 1");
  EXPECT_TRUE(value_of(store().read_open_drift()).empty());
  EXPECT_TRUE(value_of(store().read_event_positions()).empty());
}

TEST_P(StoreContract, DriftIsReadNewestFirstByHostByIdAndWhileItIsOpen) {
  commit({PutDrift{drift(1, "a")}, PutDrift{drift(2, "b", at(200))}, PutDrift{drift(3, "a")}});
  EXPECT_EQ(ids(value_of(store().read_drift(std::nullopt, 2))), (std::vector<std::uint64_t>{3, 2}));
  EXPECT_EQ(ids(value_of(store().read_drift(host("a"), 9))), (std::vector<std::uint64_t>{3, 1}));
  EXPECT_EQ(ids(value_of(store().read_drift(host("a"), 1))), (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(value_of(store().read_open_drift()), (std::vector{drift(1, "a"), drift(3, "a")}));
  EXPECT_EQ(value_of(store().read_drift_by_id(DriftId(2))), drift(2, "b", at(200)));
  EXPECT_EQ(value_of(store().read_highest_drift_id()), DriftId(3));
}

TEST_P(StoreContract, ClosingDriftTakesItOffTheOpenList) {
  commit({PutDrift{drift(1, "a")}});
  commit({PutDrift{drift(1, "a", at(300))}});
  EXPECT_TRUE(value_of(store().read_open_drift()).empty());
  EXPECT_EQ(value_of(store().read_drift_by_id(DriftId(1))), drift(1, "a", at(300)));
}

TEST_P(StoreContract, ADriftIdBeyondSixtyThreeBitsIsRefused) {
  expect_refused({PutDrift{drift(1ull << 63, "a")}}, Errc::kInvalidInput, "write 0");
}

TEST_P(StoreContract, TheLastStatusOfEveryHostIsKept) {
  commit({PutStatus{status("b", 4)}, PutStatus{status("a", 1)}});
  commit({PutStatus{status("b", 5)}});
  EXPECT_EQ(value_of(store().read_statuses()), (std::vector{status("a", 1), status("b", 5)}));
}

TEST_P(StoreContract, AHostMayClaimAnyGenerationNumber) {
  commit({PutStatus{status("a", ~0ull - 1)}});
  EXPECT_EQ(value_of(store().read_statuses()).front(), status("a", ~0ull - 1));
}

TEST_P(StoreContract, TimesBeforeNineteenSeventyAndNanosecondsSurvive) {
  DriftRow row = drift(1, "a", wall_from_unix_ns(-1));
  row.opened = wall_from_unix_ns(1'234'567'890'123'456'789);
  commit({PutDrift{row}});
  EXPECT_EQ(value_of(store().read_drift_by_id(DriftId(1))), row);
}

}  // namespace
}  // namespace ondol::store
