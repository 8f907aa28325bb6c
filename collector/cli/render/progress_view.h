// How far a change of intent is: counts, rate, time left, and who lags behind with one reason each.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "collector/cli/render/document.h"
#include "common/base/clock.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::cli {

inline constexpr Seconds kRateWindow{10};
inline constexpr Seconds kAwayPatience{
    90};  // so long who went away a moment ago is waited for: three heartbeats

std::uint32_t hosts_at(const v1::Progress& progress, v1::Step step);

// What was seen of one change so far.
class ProgressMeter {
 public:
  void note(v1::Progress progress, BootTime now);
  const v1::Progress& last() const { return last_; }
  BootTime changed_at() const { return changed_; }  // when a count last changed
  std::uint32_t moved_on() const {
    return most_hosts_ - last_.hosts();
  }  // were given a later revision meanwhile

  // Nothing goes on by itself any more: everybody applied it, refused it, undid it, is blocked or cannot be
  // reached.
  bool is_over(BootTime now) const;
  // Every host that can be reached applied it.
  bool is_good() const;
  double per_second() const;            // hosts that came to apply it, over the last kRateWindow; 0 = unknown
  std::optional<Seconds> left() const;  // until those under way are through, at that rate

 private:
  std::uint32_t under_way() const;

  struct Sample {
    BootTime at{};
    std::uint32_t applied = 0;
  };
  v1::Progress last_;
  std::uint32_t most_hosts_ = 0;
  BootTime changed_{};
  std::deque<Sample> samples_;
};

// "120 of 214 applied, 3 trying, 2 refused, 89 waiting; 42 a second, about 2 s left"
std::string progress_line(const ProgressMeter& meter);
// For a terminal: a bar, the line, and at most `most` of those behind, shortened to `width` columns.
std::vector<Cell> progress_lines(const ProgressMeter& meter, WallTime now, std::size_t most,
                                 std::size_t width);
// What came of it, with what to do next.
Section progress_section(const ProgressMeter& meter, WallTime now);
Json progress_json(const v1::Progress& progress);

}  // namespace ondol::cli
