// systemd's readiness and watchdog protocol; does nothing when not started by systemd.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace ondol {

void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_stopping();
void notify_watchdog();
// Half of WatchdogSec: how often notify_watchdog must be called. Empty = no watchdog asked for.
std::optional<std::chrono::milliseconds> watchdog_interval();

}  // namespace ondol
