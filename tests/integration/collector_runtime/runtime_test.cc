// The interpreter with a real writer: what is acknowledged is in the store, what is offered was read from it.
#include <gtest/gtest.h>

#include "common/wire/drift_wire.h"
#include "tests/integration/collector_runtime/running_collector.h"

namespace ondol::collector {
namespace {

constexpr const char* kCard = "10.20.0.0/16 via 10.0.0.1 dev eth0";

TEST(Runtime, AValueIsInTheStoreWhenItIsAcknowledged) {
  RunningCollector c;
  c.enrol("h1");
  const ConnectionId id = c.connect("h1");
  const auto value = value_of_routes({kCard});
  c.say(id, value);
  const auto ack = c.shard.wait_for<session::ValueAck>(id);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->digest, value.digest);
  const auto row = c.store->read_observed(HostId{"h1"}, session::ResourceType::kRoutes);
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->payload, value.payload);
}

TEST(Runtime, AnOfferCarriesTheStoredDesiredState) {
  RunningCollector c;
  c.enrol("h1");
  const ConnectionId id = c.connect("h1");
  c.put_desired(wants(4, {kCard}), "h1");
  const auto offer = c.shard.wait_for<session::DesiredOffer>(id);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->state, wants(4, {kCard}));
}

TEST(Runtime, ARemovalAndItsRepairReachStoreAndWatcher) {
  RunningCollector c;
  c.enrol("h1");
  const auto watch = c.runtime.feed().watch([](const auto&, const auto* record) { return record != nullptr; });
  ASSERT_TRUE(watch);
  const ConnectionId id = c.connect("h1");
  c.put_desired(wants(1, {kCard}), "h1");
  c.say(id, runs(1));
  c.say(id, batch({removed(1, kCard), repair(2, kCard, 1)}));
  ASSERT_TRUE(c.shard.wait_for<session::EventAck>(id));
  session::DriftRecord drift;
  ASSERT_EQ((*watch)->take(drift, Seconds{10}), DriftWatch::Taken::kDrift);
  EXPECT_EQ(drift.outcome, session::DriftOutcome::kRepaired);
  const auto row = c.store->read_drift_by_id(drift.id);
  ASSERT_TRUE(row && *row);
  EXPECT_EQ(wire::decode_drift((*row)->payload).value(), drift);
}

TEST(Runtime, WhatWasStoredIsLoadedByTheNextCollector) {
  const std::shared_ptr<store::Store> kept = store::make_memory_store();
  {
    RunningCollector c(kept);
    c.enrol("h1");
    const ConnectionId id = c.connect("h1");
    c.put_desired(wants(1, {kCard}), "h1");
    c.say(id, runs(1));
    c.say(id, value_of_routes({}));
    c.say(id, batch({removed(1, kCard)}));
    ASSERT_TRUE(c.shard.wait_for<session::EventAck>(id));
    ASSERT_TRUE(c.shard.wait_for<session::ValueAck>(id));
  }
  RunningCollector next(kept);
  const auto counts = next.runtime.ask([](const CollectorCore& core) { return core.find_host(HostId{"h1"})->counts; });
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->missing, 1u);
  const ConnectionId id = next.connect("h1");
  const auto welcome = next.shard.wait_for<session::Welcome>(id);
  ASSERT_TRUE(welcome);
  EXPECT_EQ(welcome->durable_event, EventSequence{1});
  EXPECT_EQ(welcome->held.size(), 1u);
  EXPECT_EQ(welcome->offered, Generation{1});
}

TEST(Runtime, ASlowWatcherIsEndedAndTheOthersAreNot) {
  DriftFeed feed;
  const auto slow = feed.watch([](const auto&, const auto*) { return true; });
  const auto other = feed.watch([](const auto& drift, const auto*) { return drift.id == DriftId{1}; });
  for (std::uint64_t i = 1; i <= 5'000; ++i) {
    session::DriftRecord drift;
    drift.id = DriftId{i};
    feed.publish(drift, nullptr);
  }
  session::DriftRecord drift;
  std::size_t taken = 0;
  auto last = DriftWatch::Taken::kDrift;
  while ((last = (*slow)->take(drift, Milliseconds{0})) == DriftWatch::Taken::kDrift) ++taken;
  EXPECT_EQ(last, DriftWatch::Taken::kTooSlow);
  EXPECT_EQ(taken, 4096u);
  EXPECT_EQ((*other)->take(drift, Milliseconds{0}), DriftWatch::Taken::kDrift);
}

TEST(Runtime, AWatcherTooManyIsRefused) {
  DriftFeed feed;
  std::vector<std::shared_ptr<DriftWatch>> watches;
  for (int i = 0; i < 64; ++i) watches.push_back(feed.watch([](const auto&, const auto*) { return true; }).value());
  EXPECT_FALSE(feed.watch([](const auto&, const auto*) { return true; }));
  watches.pop_back();
  EXPECT_TRUE(feed.watch([](const auto&, const auto*) { return true; }));
}

TEST(Runtime, TheEndOfTheFeedEndsItsWatchers) {
  DriftFeed feed;
  const auto watch = feed.watch([](const auto&, const auto*) { return true; });
  feed.stop();
  session::DriftRecord drift;
  EXPECT_EQ((*watch)->take(drift, Seconds{10}), DriftWatch::Taken::kStopped);
}

}  // namespace
}  // namespace ondol::collector
