// When intent may change on this host: windows of local time, over midnight and across clock changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace ondol::agent {

// A place's offset from UTC over time, read once: judging needs no file.
struct TimeZone {
  struct Change {
    std::int64_t at = 0;  // seconds since 1970, UTC
    std::int32_t offset = 0;
    bool operator==(const Change&) const = default;
  };
  std::string name = "UTC";
  std::int32_t first_offset = 0;   // seconds east of UTC before the first change
  std::vector<Change> changes;     // sorted
  bool operator==(const TimeZone&) const = default;
};
std::int32_t offset_at(const TimeZone& zone, std::int64_t utc_seconds);

// The bytes of a compiled zone file (RFC 8536, version 2 or later). Errors: kInvalidInput, also for a file whose rules
// go on after its last entry, because those are not evaluated here.
Result<TimeZone> parse_zone_file(std::string_view bytes, std::string name);

// From `opens` to `closes` local time on each of `days`. One that closes no later than it opens ends on the next day.
struct ChangeWindow {
  std::uint8_t days = 0;        // bit 0 = Monday
  std::uint16_t opens = 0;      // minutes of the day, 0 to 1439
  std::uint16_t closes = 0;     // 1 to 1440
  std::string text;             // as it was written
  bool operator==(const ChangeWindow&) const = default;
};
// "Mon-Fri 08:00-18:00", "Sat,Sun 22:00-02:00", "daily 00:00-24:00".
Result<ChangeWindow> parse_window(std::string_view text);

bool is_open(const std::vector<ChangeWindow>& windows, const TimeZone& zone, WallTime now);
// Empty = open now, or there are no windows. Otherwise says when one opens next.
std::string judge_windows(const std::vector<ChangeWindow>& windows, const TimeZone& zone, WallTime now);

}  // namespace ondol::agent
