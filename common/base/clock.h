// Two clocks that must not be mixed: wall time is for people, boot time is for timers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace ondol {

using Nanoseconds = std::chrono::nanoseconds;
using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

// CLOCK_REALTIME. May jump; only shown and compared with itself.
using WallTime = std::chrono::sys_time<Nanoseconds>;

// CLOCK_BOOTTIME: counts suspend, never steps. All timers use it.
struct BootClock {
  using duration = Nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};
using BootTime = BootClock::time_point;

// Both clocks read together. Pure code receives it in events; edges read it (loop/clocks.h).
struct Now {
  WallTime wall{};
  BootTime boot{};
  bool operator==(const Now&) const = default;
};

inline std::int64_t unix_ns(WallTime t) { return t.time_since_epoch().count(); }
inline WallTime wall_from_unix_ns(std::int64_t ns) { return WallTime{Nanoseconds{ns}}; }

// RFC 3339 in UTC with milliseconds: 2026-11-20T10:02:11.123Z
std::string render(WallTime t);

}  // namespace ondol
