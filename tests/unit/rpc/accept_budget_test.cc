#include "common/rpc/accept_budget.h"

#include <gtest/gtest.h>

#include "common/rpc/turn_away.h"

namespace ondol::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const AcceptBudget::Time kStart{seconds{1'000}};

int take_all(AcceptBudget& budget, AcceptBudget::Time now) {
  int taken = 0;
  while (budget.take(now)) ++taken;
  return taken;
}

TEST(AcceptBudget, LetsAQuarterSecondsConnectionsInAtOnceAndTheRateAfterThat) {
  AcceptBudget budget(400);
  EXPECT_EQ(take_all(budget, kStart), 100);
  int taken = 0;
  for (int i = 1; i <= 1'000; ++i) taken += take_all(budget, kStart + milliseconds{i});
  EXPECT_NEAR(taken, 400, 1);
}

TEST(AcceptBudget, SavesNoMoreThanAQuarterSecondWhileNobodyComes) {
  AcceptBudget budget(400);
  take_all(budget, kStart);
  EXPECT_EQ(take_all(budget, kStart + seconds{3'600}), 100);
}

TEST(AcceptBudget, LetsOneInWhenTheRateIsOneASecond) {
  AcceptBudget budget(1);
  EXPECT_EQ(take_all(budget, kStart), 1);
  EXPECT_EQ(take_all(budget, kStart + milliseconds{900}), 0);
  EXPECT_EQ(take_all(budget, kStart + milliseconds{1'900}), 1);
}

TEST(AcceptBudget, GivesEachWhoIsTurnedAwayATurnOfItsOwn) {
  AcceptBudget budget(100);
  EXPECT_EQ(budget.turn(kStart), milliseconds{10});
  EXPECT_EQ(budget.turn(kStart), milliseconds{20});
  EXPECT_EQ(budget.turn(kStart + milliseconds{15}), milliseconds{15});
  EXPECT_EQ(budget.turn(kStart + seconds{9}), milliseconds{10}) << "the queue is over";
}

TEST(AcceptBudget, SendsNobodyAwayForLongerThanAMinute) {
  AcceptBudget budget(1);
  for (int i = 0; i < 1'000; ++i) EXPECT_LE(budget.turn(kStart), AcceptBudget::kFarthest);
}

std::string as_openssl_writes(const TurnAway& record) {
  return "Handshake failed with fatal error SSL_ERROR_SSL: error:0A0004CF:SSL routines::reason(" +
         std::to_string(1'000 + record[6]) + ").";
}

TEST(TurnAway, IsAFatalAlertThatTellsATimeNotBeforeItsOwn) {
  for (const int ms : {1, 99, 100, 101, 250, 1'000, 7'777, 30'000, 60'000}) {
    const TurnAway record = encode_turn_away(milliseconds{ms});
    EXPECT_EQ((std::vector<int>(record.begin(), record.begin() + 6)), (std::vector<int>{21, 3, 3, 0, 2, 2}));
    const auto told = parse_turn_away(as_openssl_writes(record));
    ASSERT_TRUE(told) << ms;
    EXPECT_GE(*told, milliseconds{ms});
    EXPECT_LE(*told, std::max(milliseconds{100}, milliseconds{ms * 127 / 100 + 1}));
  }
}

TEST(TurnAway, TellsTwoMinutesAtMost) {
  const auto told = parse_turn_away(as_openssl_writes(encode_turn_away(std::chrono::hours{24})));
  ASSERT_TRUE(told);
  EXPECT_LE(*told, seconds{130});
}

TEST(TurnAway, IsNotReadFromOtherAlertsOrOtherText) {
  for (const char* text : {"", "reason(", "reason(x)", "reason(1040)", "reason(1223)", "reason(1256)", "reason(99999999999999)",
                           "sslv3 alert handshake failure"}) {
    EXPECT_FALSE(parse_turn_away(text)) << text;
  }
}

TEST(TurnAway, IsHeardOnce) {
  take_turn_away();
  note_turn_away(as_openssl_writes(encode_turn_away(seconds{5})));
  note_turn_away("another line");
  EXPECT_GE(take_turn_away().value_or(milliseconds{}), seconds{5});
  EXPECT_FALSE(take_turn_away());
}

}  // namespace
}  // namespace ondol::rpc
