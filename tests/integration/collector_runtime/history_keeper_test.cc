#include "collector/runtime/history_keeper.h"

#include <gtest/gtest.h>

namespace ondol::collector {
namespace {

WallTime at(std::int64_t seconds) { return WallTime{Seconds{seconds}}; }

TEST(AHistoryKeeper, GoesThroughAllHostsAFewAtATimeAndThenRests) {
  const auto store = store::make_memory_store();
  store::BatchedWriter writer(*store);
  std::vector<HostId> hosts;
  for (int i = 0; i < 12; ++i) {
    hosts.emplace_back("h" + std::to_string(i));
    store::AppendEvents events{hosts.back(), {}, 0};
    for (std::uint64_t n = 1; n <= 1'500; ++n) events.rows.push_back({hosts.back(), EventSequence{n}, at(10), "e"});
    store::Batch batch{std::move(events)};
    for (std::uint64_t n = 1; n <= 1'500; ++n) batch.push_back(store::PutDrift{{DriftId{static_cast<std::uint64_t>(i) * 10'000 + n}, hosts.back(), at(10), at(11), "d"}});
    ASSERT_TRUE(writer.submit_and_wait(std::move(batch)));
  }
  HistoryKeeper keeper(writer, {1'200, 400});
  ASSERT_TRUE(keeper.wants_hosts(at(1'000)));
  keeper.begin_round(hosts, at(1'000));
  for (int turn = 0; turn < 3; ++turn) {  // 5, 5 and 2 hosts
    keeper.turn(at(1'000));
    ASSERT_TRUE(writer.submit_and_wait({}));
  }
  for (const HostId& host : hosts) EXPECT_EQ(store->read_events(host, 10'000)->size(), 1'200u) << host.value;
  for (const HostId& host : hosts) EXPECT_EQ(store->read_drift(host, 10'000)->size(), 1'200u) << host.value;
  EXPECT_FALSE(keeper.wants_hosts(at(1'500)));
  EXPECT_TRUE(keeper.wants_hosts(at(1'600)));
}

}  // namespace
}  // namespace ondol::collector
