#include "collector/cli/commands/moment.h"

#include <charconv>
#include <optional>

#include "common/base/author.h"

namespace ondol::cli {
namespace {

constexpr std::int64_t kLongestAgo = 100LL * 365 * 86'400;  // seconds

std::optional<int> number_at(std::string_view text, std::size_t start, std::size_t digits) {
  if (text.size() < start + digits) return std::nullopt;
  int value = 0;
  const char* const last = text.data() + start + digits;
  const auto [end, error] = std::from_chars(text.data() + start, last, value);
  if (error != std::errc{} || end != last || text[start] == '-') return std::nullopt;
  return value;
}

std::optional<WallTime> parse_ago(std::string_view text, WallTime now) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0 || end + 1 != text.data() + text.size()) return std::nullopt;
  const std::int64_t unit = *end == 's'   ? 1
                            : *end == 'm' ? 60
                            : *end == 'h' ? 3'600
                            : *end == 'd' ? 86'400
                                          : 0;
  if (unit == 0 || count > kLongestAgo / unit) return std::nullopt;
  return now - Seconds{count * unit};
}

// Hours, minutes and seconds behind the date: "", "T10:02", " 10:02:11".
std::optional<Seconds> parse_time_of_day(std::string_view text) {
  if (text.empty()) return Seconds{0};
  if (text.front() != 'T' && text.front() != ' ') return std::nullopt;
  const bool has_seconds = text.size() == 9 && text[6] == ':';
  if ((text.size() != 6 && !has_seconds) || text[3] != ':') return std::nullopt;
  const auto hour = number_at(text, 1, 2), minute = number_at(text, 4, 2);
  const auto second = has_seconds ? number_at(text, 7, 2) : std::optional<int>{0};
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + Seconds{*second};
}

std::optional<WallTime> parse_calendar(std::string_view text) {
  const auto year = number_at(text, 0, 4), month = number_at(text, 5, 2), day = number_at(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *year < 1970 || *year > 2200) return std::nullopt;
  std::string_view rest = text.substr(10);
  if (rest.ends_with('Z')) rest.remove_suffix(1);
  if (const auto dot = rest.find('.'); dot != std::string_view::npos) rest = rest.substr(0, dot);
  const auto time = parse_time_of_day(rest);
  if (!time) return std::nullopt;
  return WallTime{std::chrono::sys_days{date}} + *time;
}

}  // namespace

Result<WallTime> parse_moment(std::string_view text, WallTime now) {
  auto moment = parse_ago(text, now);
  if (!moment) moment = parse_calendar(text);
  if (moment) return *moment;
  return fail(Errc::kInvalidInput, "'" + escaped(std::string(text.substr(0, 80))) + "' is not a moment", "",
              "write 2026-11-20T10:02:11Z (UTC), 2026-11-20, or how long ago: 90s, 30m, 2h, 3d");
}

Result<v1::RevisionRef> parse_revision(const std::string& text, WallTime now) {
  v1::RevisionRef ref;
  if (!text.starts_with('@')) {
    ref.set_id(text);
    return ref;
  }
  const auto moment = parse_moment(std::string_view(text).substr(1), now);
  if (!moment) return fail(moment.error());
  ref.set_at_unix_ns(unix_ns(*moment));
  return ref;
}

}  // namespace ondol::cli
