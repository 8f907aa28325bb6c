#include "agent/core/change_windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace ondol::agent {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::int64_t kDay = 86'400;
constexpr std::size_t kHeader = 44;             // bytes
constexpr std::size_t kMaxChanges = 4'000;
constexpr std::int64_t kFarEnough = 2'114'380'800;  // 2037-01-01: what a whole zone file reaches

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

struct ZoneCounts {
  std::size_t utc, standard, leaps, changes, types, letters;
  std::size_t bytes(std::size_t word) const {
    return changes * word + changes + types * 6 + letters + leaps * (word + 4) + standard + utc;
  }
};

std::optional<ZoneCounts> read_counts(std::string_view bytes, std::size_t at) {
  if (bytes.size() < at + kHeader || bytes.substr(at, 4) != "TZif" || bytes[at + 4] < '2') return std::nullopt;
  std::array<std::size_t, 6> n{};
  for (std::size_t i = 0; i < n.size(); ++i) {
    n[i] = big_endian(bytes, at + 20 + 4 * i, 4);
    if (n[i] > kMaxChanges) return std::nullopt;
  }
  return ZoneCounts{n[0], n[1], n[2], n[3], n[4], n[5]};
}

std::optional<int> read_minutes(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t i : {0U, 1U, 3U, 4U}) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
  }
  const int hours = (text[0] - '0') * 10 + text[1] - '0';
  const int minutes = (text[3] - '0') * 10 + text[4] - '0';
  const int all = hours * 60 + minutes;
  return minutes > 59 || all > 1'440 ? std::nullopt : std::optional(all);
}

std::optional<std::size_t> day_of(std::string_view text) {
  const auto found = std::ranges::find(kDays, text);
  return found == kDays.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - kDays.begin()));
}

// "Mon", "Fri-Mon"; no bits = not understood.
std::uint8_t read_span(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = day_of(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : day_of(text.substr(dash + 1));
  if (!first || !last) return 0;
  std::uint8_t days = 0;
  for (std::size_t day = *first;; day = (day + 1) % 7) {
    days = static_cast<std::uint8_t>(days | (1U << day));
    if (day == *last) return days;
  }
}

std::uint8_t read_days(std::string_view text) {
  if (text == "daily") return 0x7F;
  std::uint8_t days = 0;
  while (true) {
    const auto comma = text.find(',');
    const std::uint8_t span = read_span(text.substr(0, comma));
    if (span == 0) return 0;
    days = static_cast<std::uint8_t>(days | span);
    if (comma == std::string_view::npos) return days;
    text.remove_prefix(comma + 1);
  }
}

bool covers(const ChangeWindow& window, std::int64_t local) {
  const std::int64_t day = floor_div(local, kDay);
  const std::int64_t minute = (local - day * kDay) / 60;
  // 1970-01-01 was a Thursday.
  const auto weekday = static_cast<std::size_t>(((day + 3) % 7 + 7) % 7);
  const auto opens_on = [&](std::size_t which) { return ((window.days >> which) & 1U) != 0; };
  if (window.opens < window.closes) return opens_on(weekday) && minute >= window.opens && minute < window.closes;
  return (opens_on(weekday) && minute >= window.opens) || (opens_on((weekday + 6) % 7) && minute < window.closes);
}

bool covers_any(const std::vector<ChangeWindow>& windows, const TimeZone& zone, std::int64_t utc) {
  const std::int64_t local = utc + offset_at(zone, utc);
  return std::ranges::any_of(windows, [&](const ChangeWindow& window) { return covers(window, local); });
}

std::string render_local(const TimeZone& zone, std::int64_t utc) {
  const std::int64_t local = utc + offset_at(zone, utc);
  const std::chrono::sys_days date{std::chrono::days{floor_div(local, kDay)}};
  const std::chrono::year_month_day ymd{date};
  const std::int64_t minute = (local - floor_div(local, kDay) * kDay) / 60;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} {}", static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                     static_cast<unsigned>(ymd.day()), minute / 60, minute % 60, zone.name);
}

}  // namespace

std::int32_t offset_at(const TimeZone& zone, std::int64_t utc_seconds) {
  const auto after = std::ranges::upper_bound(zone.changes, utc_seconds, {}, &TimeZone::Change::at);
  return after == zone.changes.begin() ? zone.first_offset : std::prev(after)->offset;
}

Result<TimeZone> parse_zone_file(std::string_view bytes, std::string name) {
  const Error broken{Errc::kInvalidInput, "is no time zone file", name, "install tzdata and name a zone like Asia/Seoul"};
  const auto old_counts = read_counts(bytes, 0);
  if (!old_counts) return fail(broken);
  const std::size_t second = kHeader + old_counts->bytes(4);
  const auto counts = read_counts(bytes, second);
  if (!counts || counts->types == 0) return fail(broken);
  const std::size_t times = second + kHeader, kinds = times + counts->changes * 8, types = kinds + counts->changes;
  const std::size_t footer = times + counts->bytes(8);
  if (bytes.size() < footer) return fail(broken);
  TimeZone zone{std::move(name), 0, {}};
  const auto offset_of = [&](std::size_t type) { return static_cast<std::int32_t>(big_endian(bytes, types + type * 6, 4)); };
  zone.first_offset = offset_of(0);
  for (std::size_t i = 0; i < counts->changes; ++i) {
    const auto type = static_cast<unsigned char>(bytes[kinds + i]);
    if (type >= counts->types) return fail(broken);
    zone.changes.push_back({static_cast<std::int64_t>(big_endian(bytes, times + i * 8, 8)), offset_of(type)});
  }
  if (!std::ranges::is_sorted(zone.changes, {}, &TimeZone::Change::at)) return fail(broken);
  const bool goes_on = bytes.substr(footer).find(',') != std::string_view::npos;
  if (goes_on && (zone.changes.empty() || zone.changes.back().at < kFarEnough)) {
    return fail(Errc::kInvalidInput, "is a shortened time zone file", zone.name, "install Debian's tzdata, or use UTC");
  }
  return zone;
}

Result<ChangeWindow> parse_window(std::string_view text) {
  const Error wrong{Errc::kInvalidInput, fmt::format("'{}' is no change window", text), "", "write it like Mon-Fri 08:00-18:00"};
  const auto space = text.find(' ');
  if (space == std::string_view::npos || text.size() != space + 12 || text[space + 6] != '-') return fail(wrong);
  const auto opens = read_minutes(text.substr(space + 1, 5));
  const auto closes = read_minutes(text.substr(space + 7, 5));
  const std::uint8_t days = read_days(text.substr(0, space));
  if (!opens || !closes || days == 0 || *opens == 1'440 || *closes == 0 || *opens == *closes) return fail(wrong);
  return ChangeWindow{days, static_cast<std::uint16_t>(*opens), static_cast<std::uint16_t>(*closes), std::string(text)};
}

bool is_open(const std::vector<ChangeWindow>& windows, const TimeZone& zone, WallTime now) {
  return windows.empty() || covers_any(windows, zone, seconds_of(now));
}

std::string judge_windows(const std::vector<ChangeWindow>& windows, const TimeZone& zone, WallTime now) {
  if (is_open(windows, zone, now)) return {};
  // Offsets are whole minutes everywhere today, so windows open on whole minutes of UTC; every week has each.
  const std::int64_t from = floor_div(seconds_of(now), 60) * 60 + 60;
  for (std::int64_t at = from; at <= from + 9 * kDay; at += 60) {
    if (covers_any(windows, zone, at)) return "guard: outside of the change windows, next opens " + render_local(zone, at);
  }
  return "guard: outside of the change windows";
}

}  // namespace ondol::agent
