// Ages, clock times and durations as people read them.
#pragma once

#include <string>

#include "collector/cli/render/document.h"
#include "common/base/clock.h"

namespace ondol::cli {

// "12s", "5m", "3h", "2d"; "never" for 0. A time in the future is "0s": clocks differ.
std::string age_text(std::int64_t then_unix_ns, WallTime now);
// "10:02:11", and with the date in front when it was not today (UTC).
std::string clock_text(std::int64_t then_unix_ns, WallTime now);
// "85 us", "0.2 ms", "1.5 s"
std::string duration_text(std::uint64_t nanoseconds);

// RFC 3339, null for 0.
Json time_json(std::int64_t unix_ns);
// Whole seconds, null for 0.
Json age_json(std::int64_t then_unix_ns, WallTime now);
// Null for the empty text.
Json text_json(const std::string& text);

}  // namespace ondol::cli
