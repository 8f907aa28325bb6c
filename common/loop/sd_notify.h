// systemd's protocol for services: readiness, watchdog, descriptors handed over; does nothing when not started by it.
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

// The descriptor that the service manager handed over under this name (LISTEN_FDS, LISTEN_FDNAMES); -1 = none.
int handed_over(const std::string& name);

}  // namespace ondol
