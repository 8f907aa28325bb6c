#include "agent/core/crash_watch.h"

#include <algorithm>
#include <ranges>

namespace ondol::agent {
namespace {

// Keeps those younger than the span, as far as can be known.
void forget_old(std::vector<Crash>& crashes, const std::string& boot_id, BootTime now) {
  const std::string* boot = &boot_id;
  BootTime later = now;
  Nanoseconds age{};
  std::size_t young = 0;
  for (const Crash& crash : std::views::reverse(crashes)) {
    if (crash.boot_id == *boot) {
      age += std::max<Nanoseconds>(later - crash.noticed, Nanoseconds{});
    } else {
      age += later.time_since_epoch();
      boot = &crash.boot_id;
    }
    later = crash.noticed;
    if (age >= kCrashSpan) break;
    ++young;
  }
  crashes.erase(crashes.begin(), crashes.end() - static_cast<std::ptrdiff_t>(young));
}

}  // namespace

StartRecord judge_start(StartRecord last, const std::string& boot_id, BootTime now) {
  if (last.running) last.crashes.push_back({boot_id, now});
  forget_old(last.crashes, boot_id, now);
  if (last.crashes.size() >= kCrashesForSafeMode && last.safe_mode.empty()) {
    last.safe_mode = "safe_mode: " + std::to_string(last.crashes.size()) + " crashes in 5 minutes";
  }
  last.running = true;
  return last;
}

StartRecord judge_calm(StartRecord record, Nanoseconds ran) {
  if (ran >= kCrashSpan) record.crashes.clear();
  if (ran >= kCalmSpan) record.safe_mode.clear();
  return record;
}

StartRecord release_safe_mode(StartRecord record) {
  record.crashes.clear();
  record.safe_mode.clear();
  return record;
}

StartRecord end_cleanly(StartRecord record) {
  record.running = false;
  return record;
}

}  // namespace ondol::agent
