#include "collector/enroll/admission.h"

#include <gtest/gtest.h>

namespace ondol::enroll {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

AdmissionLimits small() {
  return {.connections = 4, .connections_per_source = 2, .rate_per_second = 1, .burst = 2, .sources = 3};
}

TEST(AdmissionDesk, CapsPlacesPerSourceAndOverAll) {
  AdmissionDesk desk(small());
  EXPECT_EQ(desk.admit("a", seconds(0)), Admission::kServe);
  EXPECT_EQ(desk.admit("a", seconds(0)), Admission::kServe);
  EXPECT_EQ(desk.admit("a", seconds(0)), Admission::kClose);
  EXPECT_EQ(desk.admit("b", seconds(0)), Admission::kServe);
  EXPECT_EQ(desk.admit("c", seconds(0)), Admission::kServe);
  EXPECT_EQ(desk.admit("d", seconds(0)), Admission::kClose);
  desk.release("b");
  EXPECT_EQ(desk.admit("d", seconds(0)), Admission::kServe);
  EXPECT_EQ(desk.open(), 4U);
}

TEST(AdmissionDesk, SaysBusyOverTheRateAndDropsFarOverIt) {
  AdmissionDesk desk(small());
  const auto once = [&](auto at) {
    const Admission verdict = desk.admit("a", at);
    if (verdict != Admission::kClose) desk.release("a");
    return verdict;
  };
  EXPECT_EQ(once(seconds(0)), Admission::kServe);
  EXPECT_EQ(once(seconds(0)), Admission::kServe);
  EXPECT_EQ(once(seconds(0)), Admission::kBusy);
  EXPECT_EQ(once(seconds(0)), Admission::kBusy);
  EXPECT_EQ(once(seconds(0)), Admission::kClose);
  EXPECT_EQ(once(seconds(1)), Admission::kServe);
  EXPECT_EQ(once(seconds(1)), Admission::kBusy);
  EXPECT_EQ(once(seconds(1)), Admission::kClose);
}

// Ten thousand hosts behind one address that all come back: they are served at the rate, however hard they
// try.
TEST(AdmissionDesk, UnderLastingOverloadASourceIsStillServedAtItsRate) {
  AdmissionDesk desk(small());
  int served = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Admission verdict = desk.admit("a", milliseconds(i));
    served += verdict == Admission::kServe ? 1 : 0;
    if (verdict != Admission::kClose) desk.release("a");
  }
  EXPECT_NEAR(served, 100, 3);
}

TEST(AdmissionDesk, RemembersABoundedNumberOfSources) {
  AdmissionDesk desk(small());
  for (int i = 0; i < 1000; ++i) {
    const std::string source = std::to_string(i);
    EXPECT_EQ(desk.admit(source, milliseconds(i)), Admission::kServe);
    desk.release(source);
  }
  EXPECT_EQ(desk.open(), 0U);
}

TEST(AdmissionDesk, AClockThatStandsStillGivesNothing) {
  AdmissionDesk desk(small());
  desk.admit("a", seconds(10));
  desk.release("a");
  desk.admit("a", seconds(5));
  desk.release("a");
  EXPECT_EQ(desk.admit("a", seconds(5)), Admission::kBusy);
}

TEST(AdmissionDesk, AReleaseOfAnUnknownSourceIsNothing) {
  AdmissionDesk desk(small());
  desk.release("nobody");
  EXPECT_EQ(desk.open(), 0U);
}

TEST(SourceOf, TakesTheNetworkOfAnIpv6Peer) {
  const std::string v4("\x0a\x00\x00\x01", 4);
  EXPECT_EQ(source_of(v4), v4);
  EXPECT_EQ(source_of(std::string(10, '\0') + "\xff\xff" + v4), v4);
  const std::string network("\x20\x01\x0d\xb8\x00\x00\x00\x01", 8);
  EXPECT_EQ(source_of(network + std::string(8, 'x')), network);
}

}  // namespace
}  // namespace ondol::enroll
