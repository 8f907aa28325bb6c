#include "common/rpc/call_lifetime.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>

namespace ondol::rpc {
namespace {

using Side = CallLifetime::Side;

TEST(CallLifetime, OneReadAndOneWriteAtATime) {
  CallLifetime call(Side::kServer);
  EXPECT_TRUE(call.start_read());
  EXPECT_FALSE(call.start_read());
  EXPECT_TRUE(call.start_write());
  EXPECT_FALSE(call.start_write());
  call.read_done(true);
  EXPECT_TRUE(call.start_read());
}

TEST(CallLifetime, FinishWaitsForTheWriteInFlightAndComesOnce) {
  CallLifetime call(Side::kServer);
  ASSERT_TRUE(call.start_write());
  call.ask_finish();
  EXPECT_FALSE(call.start_finish());
  call.write_done(true);
  EXPECT_TRUE(call.start_finish());
  call.ask_finish();
  EXPECT_FALSE(call.start_finish());
  call.finish_done();
  EXPECT_FALSE(call.start_finish());
}

TEST(CallLifetime, AServerMayFinishBesideAReadButIsFreedOnlyAfterIt) {
  CallLifetime call(Side::kServer);
  ASSERT_TRUE(call.start_read());
  call.ask_finish();
  ASSERT_TRUE(call.start_finish());
  call.finish_done();
  EXPECT_FALSE(call.may_free());
  call.read_done(false);
  EXPECT_TRUE(call.may_free());
}

TEST(CallLifetime, AClientFinishesOnlyWhenItsReadsEnded) {
  CallLifetime call(Side::kClient);
  ASSERT_TRUE(call.start_read());
  call.ask_finish();
  EXPECT_FALSE(call.start_finish());
  call.read_done(false);
  EXPECT_TRUE(call.start_finish());
}

TEST(CallLifetime, NothingStartsOnceItEnds) {
  CallLifetime call(Side::kServer);
  call.ask_finish();
  EXPECT_FALSE(call.start_read());
  EXPECT_FALSE(call.start_write());
}

TEST(CallLifetime, AfterAFailedReadOrWriteThereIsNoOther) {
  CallLifetime call(Side::kServer);
  ASSERT_TRUE(call.start_read());
  call.read_done(false);
  EXPECT_FALSE(call.start_read());
  ASSERT_TRUE(call.start_write());
  call.write_done(false);
  EXPECT_FALSE(call.start_write());
}

// gRPC's rules, played at random: whatever comes back in whatever order, the call ends in one Finish and no operation.
void play(Side side, std::uint32_t seed) {
  std::mt19937 dice(seed);
  CallLifetime call(side);
  bool reading = false, writing = false, finishing = false;
  int finishes = 0;
  for (int step = 0; step < 200; ++step) {
    switch (dice() % 6) {
      case 0:
        if (call.start_read()) {
          ASSERT_FALSE(reading || finishes > 0);
          reading = true;
        }
        break;
      case 1:
        if (call.start_write()) {
          ASSERT_FALSE(writing || finishes > 0);
          writing = true;
        }
        break;
      case 2:
        if (std::exchange(reading, false)) call.read_done(dice() % 8 != 0);
        break;
      case 3:
        if (std::exchange(writing, false)) call.write_done(dice() % 8 != 0);
        break;
      case 4:
        if (step > 100) call.ask_finish();
        break;
      case 5:
        if (std::exchange(finishing, false)) call.finish_done();
        break;
    }
    if (call.start_finish()) {
      ASSERT_FALSE(writing || (side == Side::kClient && reading));
      finishing = true;
      ++finishes;
    }
    ASSERT_EQ(call.may_free(), !reading && !writing && !finishing);
  }
  call.ask_finish();
  if (std::exchange(reading, false)) call.read_done(false);
  if (std::exchange(writing, false)) call.write_done(false);
  if (call.start_finish()) {
    finishing = true;
    ++finishes;
  }
  if (finishing) call.finish_done();
  EXPECT_TRUE(call.may_free());
  EXPECT_EQ(finishes, 1);
}

TEST(CallLifetime, AnyOrderEndsInOneFinish) {
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    play(Side::kServer, seed);
    play(Side::kClient, seed);
  }
}

}  // namespace
}  // namespace ondol::rpc
