#include "agent/core/change_windows.h"

#include <gtest/gtest.h>

#include "agent/guard/guard_file.h"

namespace ondol::agent {
namespace {

WallTime utc(int year, unsigned month, unsigned day, int hour, int minute) {
  const std::chrono::sys_days date{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)};
  return WallTime{date.time_since_epoch() + std::chrono::hours{hour} + std::chrono::minutes{minute}};
}

struct Windows {
  std::vector<ChangeWindow> windows;
  TimeZone zone;
  Windows(const char* text, const char* zone_name = "UTC")
      : windows{parse_window(text).value()}, zone(read_system_zone(zone_name).value()) {}
  bool open(WallTime at) const { return is_open(windows, zone, at); }
  std::string judge(WallTime at) const { return judge_windows(windows, zone, at); }
};

TEST(ChangeWindows, OpenOnTheirDaysBetweenTheirTimes) {
  const Windows office("Mon-Fri 08:00-18:00");
  EXPECT_FALSE(office.open(utc(2024, 1, 1, 7, 59)));  // a Monday
  EXPECT_TRUE(office.open(utc(2024, 1, 1, 8, 0)));
  EXPECT_TRUE(office.open(utc(2024, 1, 5, 17, 59)));
  EXPECT_FALSE(office.open(utc(2024, 1, 5, 18, 0)));
  EXPECT_FALSE(office.open(utc(2024, 1, 6, 12, 0)));
  EXPECT_EQ(office.judge(utc(2024, 1, 5, 18, 0)),
            "guard: outside of the change windows, next opens 2024-01-08 08:00 UTC");
  EXPECT_TRUE(is_open({}, {}, utc(2024, 1, 6, 12, 0))) << "no windows";
}

TEST(ChangeWindows, GoOverMidnightAndOverTheEndOfTheWeek) {
  const Windows night("Sun 22:00-02:00");
  EXPECT_TRUE(night.open(utc(2024, 1, 7, 23, 0)));
  EXPECT_TRUE(night.open(utc(2024, 1, 8, 1, 59)));
  EXPECT_FALSE(night.open(utc(2024, 1, 8, 2, 0)));
  EXPECT_FALSE(night.open(utc(2024, 1, 7, 1, 0))) << "that night began on Saturday";
  const Windows over("Fri-Mon 00:00-24:00");
  EXPECT_TRUE(over.open(utc(2024, 1, 8, 23, 59)));
  EXPECT_FALSE(over.open(utc(2024, 1, 9, 0, 0)));
}

TEST(ChangeWindows, FollowTheClocksOfTheirZoneWhenTheyChange) {
  const Windows early("daily 08:00-09:00", "Europe/Berlin");
  EXPECT_TRUE(early.open(utc(2024, 3, 30, 7, 30))) << "winter: one hour ahead of UTC";
  EXPECT_FALSE(early.open(utc(2024, 3, 30, 6, 30)));
  EXPECT_TRUE(early.open(utc(2024, 3, 31, 6, 30))) << "summer since that night: two hours ahead";
  EXPECT_FALSE(early.open(utc(2024, 3, 31, 7, 30)));
  // 02:00 to 03:00 does not exist on the 31st.
  const Windows gap("daily 02:00-03:00", "Europe/Berlin");
  EXPECT_EQ(gap.judge(utc(2024, 3, 30, 2, 0)),
            "guard: outside of the change windows, next opens 2024-04-01 02:00 Europe/Berlin");
  // ... and comes twice on the last Sunday of October.
  EXPECT_TRUE(gap.open(utc(2024, 10, 27, 0, 30)));
  EXPECT_TRUE(gap.open(utc(2024, 10, 27, 1, 30)));
}

TEST(ChangeWindows, AreRefusedWhenNotUnderstood) {
  for (const char* text : {"", "Mon", "Mon 08:00", "mon 08:00-18:00", "Mon-Fry 08:00-18:00", "Mon 8:00-18:00", "Mon 24:00-24:00",
                           "Mon 08:60-18:00", "Mon 08:00-25:00", "Mon 08:00-08:00", "Mon, 08:00-18:00", "Mon 08:00-18:00 "}) {
    EXPECT_FALSE(parse_window(text)) << text;
  }
}

TEST(ZoneFiles, ThatAreBrokenOrNotThereAreRefused) {
  EXPECT_FALSE(read_system_zone("Nowhere/Land"));
  EXPECT_FALSE(read_system_zone("../../etc/passwd"));
  EXPECT_FALSE(read_system_zone("/etc/passwd"));
  EXPECT_FALSE(read_system_zone(""));
  EXPECT_FALSE(parse_zone_file("", "x"));
  EXPECT_FALSE(parse_zone_file(std::string(200, 'T'), "x"));
  EXPECT_FALSE(parse_zone_file("TZif2" + std::string(500, '\xff'), "x"));
}

}  // namespace
}  // namespace ondol::agent
