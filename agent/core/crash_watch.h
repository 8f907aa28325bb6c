// Crashes of the agent, remembered across restarts: three within five minutes call for safe mode.
#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"

namespace ondol::agent {

inline constexpr std::size_t kCrashesForSafeMode = 3;
inline constexpr Seconds kCrashSpan{300};
inline constexpr Seconds kCalmSpan{3'600};  // of running without a crash: safe mode ends by itself

// A start that found no clean end of the one before it. A boot of the host in between makes no difference.
struct Crash {
  std::string boot_id;
  BootTime noticed{};
  bool operator==(const Crash&) const = default;
};

// What is kept on disk. Safe mode lasts over restarts until a person or a calm hour ends it.
struct StartRecord {
  bool running = false;         // began and did not end cleanly so far
  std::vector<Crash> crashes;   // oldest first
  std::string safe_mode;        // "safe_mode: ..."; empty = not in it
  bool operator==(const StartRecord&) const = default;
};

// The agent starts now. Between two boots only the time since the later one is known: that much has passed at least.
StartRecord judge_start(StartRecord last, const std::string& boot_id, BootTime now);
// It has been running for `ran` without a crash.
StartRecord judge_calm(StartRecord record, Nanoseconds ran);
// A person lets it go on.
StartRecord release_safe_mode(StartRecord record);
StartRecord end_cleanly(StartRecord record);

}  // namespace ondol::agent
