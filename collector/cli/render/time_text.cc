#include "collector/cli/render/time_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace ondol::cli {
namespace {

std::int64_t seconds_since(std::int64_t then_unix_ns, WallTime now) {
  return std::max<std::int64_t>(0, (unix_ns(now) - then_unix_ns) / 1'000'000'000);
}

}  // namespace

std::string age_text(std::int64_t then_unix_ns, WallTime now) {
  if (then_unix_ns == 0) return "never";
  const std::int64_t seconds = seconds_since(then_unix_ns, now);
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (seconds < 2 * 3'600) return fmt::format("{}m", seconds / 60);
  if (seconds < 2 * 86'400) return fmt::format("{}h", seconds / 3'600);
  return fmt::format("{}d", seconds / 86'400);
}

std::string clock_text(std::int64_t then_unix_ns, WallTime now) {
  const std::string then = render(wall_from_unix_ns(then_unix_ns));
  const std::string day = then.substr(0, 10);
  const std::string time = then.substr(11, 8);
  return day == render(now).substr(0, 10) ? time : day + " " + time;
}

std::string duration_text(std::uint64_t nanoseconds) {
  const auto ns = static_cast<double>(nanoseconds);
  if (ns < 1e5) return fmt::format("{:.0f} us", ns / 1e3);
  if (ns < 1e9) return fmt::format("{:.1f} ms", ns / 1e6);
  return fmt::format("{:.1f} s", ns / 1e9);
}

Json time_json(std::int64_t unix_ns) {
  return unix_ns == 0 ? Json() : Json(render(wall_from_unix_ns(unix_ns)));
}

Json age_json(std::int64_t then_unix_ns, WallTime now) {
  return then_unix_ns == 0 ? Json() : Json(seconds_since(then_unix_ns, now));
}

Json text_json(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace ondol::cli
