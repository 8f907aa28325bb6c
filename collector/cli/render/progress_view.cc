#include "collector/cli/render/progress_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collector/cli/render/route_view.h"
#include "collector/cli/render/text.h"
#include "collector/cli/render/time_text.h"

namespace ondol::cli {
namespace {

constexpr std::size_t kBarWidth = 24;
constexpr std::array kUnderWay{v1::STEP_TRYING, v1::STEP_RECEIVED, v1::STEP_WAITING};
// In the order in which they are said after "applied".
constexpr std::array kSaid{v1::STEP_TRYING,  v1::STEP_RECEIVED, v1::STEP_WAITING,     v1::STEP_ROLLED_BACK,
                           v1::STEP_REFUSED, v1::STEP_BLOCKED,  v1::STEP_UNREACHABLE, v1::STEP_AWAY};

std::string step_word(v1::Step step) { return enum_word(v1::Step_Name(step), "STEP_"); }

std::string words_of(v1::Step step) { return step == v1::STEP_ROLLED_BACK ? "rolled back" : step_word(step); }

Tone tone_of(v1::Step step) {
  const bool bad = step == v1::STEP_ROLLED_BACK || step == v1::STEP_REFUSED;
  return bad ? Tone::kBad : Tone::kWarn;
}

std::string left_text(Seconds left) {
  if (left < Seconds{120}) return fmt::format("about {} s left", left.count());
  if (left < Seconds{7'200}) return fmt::format("about {} min left", left.count() / 60);
  return fmt::format("about {} h left", left.count() / 3'600);
}

std::string straggler_reason(const v1::Straggler& straggler, WallTime now) {
  if (straggler.step() == v1::STEP_TRYING && straggler.deadline_unix_ns() != 0) {
    const auto left =
        std::max<std::int64_t>(0, (straggler.deadline_unix_ns() - unix_ns(now)) / 1'000'000'000);
    return fmt::format("{}, undone in {} s otherwise", straggler.reason(), left);
  }
  const bool gone = straggler.step() == v1::STEP_UNREACHABLE || straggler.step() == v1::STEP_AWAY;
  if (!gone || straggler.last_seen_unix_ns() == 0) return straggler.reason();
  return straggler.reason() + ", seen " + age_text(straggler.last_seen_unix_ns(), now) + " ago";
}

std::string bar(const v1::Progress& progress) {
  const std::size_t all = std::max<std::size_t>(progress.hosts(), 1);
  const std::size_t full = kBarWidth * hosts_at(progress, v1::STEP_APPLIED) / all;
  return "[" + std::string(full, '#') + std::string(kBarWidth - full, '.') + "]";
}

Table straggler_table(const v1::Progress& progress, WallTime now) {
  Table table{{{"HOST", false}, {"STEP", false}, {"GENERATION", true}, {"REASON", false}}, {}};
  for (const v1::Straggler& straggler : progress.stragglers()) {
    table.rows.push_back({straggler.host(), Cell{words_of(straggler.step()), tone_of(straggler.step())},
                          std::to_string(straggler.generation()), straggler_reason(straggler, now)});
  }
  return table;
}

std::uint32_t hosts_behind(const v1::Progress& progress) {
  return progress.hosts() - hosts_at(progress, v1::STEP_APPLIED);
}

// The first straggler at that step; empty = none is named.
std::string example(const v1::Progress& progress, v1::Step step) {
  for (const v1::Straggler& straggler : progress.stragglers()) {
    if (straggler.step() == step) return straggler.host();
  }
  return {};
}

void append_next(const v1::Progress& progress, Section& section) {
  const auto next = [&](v1::Step step, std::string_view text) {
    const std::string host = example(progress, step);
    if (!host.empty()) section.lines.emplace_back(fmt::format(fmt::runtime(text), host), tone_of(step));
  };
  next(v1::STEP_ROLLED_BACK,
       "undone by a host: `ondolctl host show {}` names the probe; cure it, then `ondolctl config apply` "
       "tries again");
  next(v1::STEP_REFUSED,
       "refused by a host: `ondolctl host history {}` says why; cure it, then `ondolctl config apply` tries "
       "again");
  next(v1::STEP_BLOCKED, "blocked: `ondolctl host show {}` says by what; it goes on when that ends");
  next(v1::STEP_UNREACHABLE,
       "not reached: `ondolctl host show {}`; it is given the newest intent when it is back");
}

}  // namespace

std::uint32_t hosts_at(const v1::Progress& progress, v1::Step step) {
  for (const v1::StepCount& count : progress.steps()) {
    if (count.step() == step) return count.hosts();
  }
  return 0;
}

// ---- the meter ----

void ProgressMeter::note(v1::Progress progress, BootTime now) {
  const auto same = [](const v1::StepCount& a, const v1::StepCount& b) {
    return a.step() == b.step() && a.hosts() == b.hosts();
  };
  const bool unchanged = std::ranges::equal(progress.steps(), last_.steps(), same);
  if (!unchanged || samples_.empty()) changed_ = now;
  most_hosts_ = std::max(most_hosts_, progress.hosts());
  samples_.push_back({now, hosts_at(progress, v1::STEP_APPLIED)});
  while (samples_.size() > 2 && now - samples_[1].at >= kRateWindow) samples_.pop_front();
  last_ = std::move(progress);
}

std::uint32_t ProgressMeter::under_way() const {
  std::uint32_t hosts = 0;
  for (const v1::Step step : kUnderWay) hosts += hosts_at(last_, step);
  return hosts;
}

bool ProgressMeter::is_over(BootTime now) const {
  if (under_way() > 0) return false;
  return hosts_at(last_, v1::STEP_AWAY) == 0 || now - changed_ >= kAwayPatience;
}

bool ProgressMeter::is_good() const {
  const std::uint32_t unreached = hosts_at(last_, v1::STEP_UNREACHABLE) + hosts_at(last_, v1::STEP_AWAY);
  return hosts_at(last_, v1::STEP_APPLIED) + unreached == last_.hosts() && moved_on() == 0;
}

double ProgressMeter::per_second() const {
  if (samples_.size() < 2) return 0;
  const Sample& first = samples_.front();
  const Sample& last = samples_.back();
  const double seconds = std::chrono::duration<double>(last.at - first.at).count();
  if (seconds <= 0 || last.applied <= first.applied) return 0;
  return (last.applied - first.applied) / seconds;
}

std::optional<Seconds> ProgressMeter::left() const {
  const double rate = per_second();
  const std::uint32_t hosts = under_way();
  if (rate <= 0 || hosts == 0) return std::nullopt;
  return Seconds{static_cast<std::int64_t>(hosts / rate) + 1};
}

// ---- text ----

std::string progress_line(const ProgressMeter& meter) {
  const v1::Progress& progress = meter.last();
  std::string text = fmt::format("{} of {} applied", hosts_at(progress, v1::STEP_APPLIED), progress.hosts());
  for (const v1::Step step : kSaid) {
    const std::uint32_t hosts = hosts_at(progress, step);
    if (hosts > 0) text += fmt::format(", {} {}", hosts, words_of(step));
  }
  if (meter.moved_on() > 0) text += fmt::format(", {} given a later revision", meter.moved_on());
  const auto left = meter.left();
  if (!left) return text;
  return text + fmt::format("; {:.{}f} a second, {}", meter.per_second(), meter.per_second() < 10 ? 1 : 0,
                            left_text(*left));
}

std::vector<Cell> progress_lines(const ProgressMeter& meter, WallTime now, std::size_t most,
                                 std::size_t width) {
  const v1::Progress& progress = meter.last();
  std::vector<Cell> lines;
  lines.emplace_back(fit(bar(progress) + " " + progress_line(meter), width));
  for (const v1::Straggler& straggler : progress.stragglers()) {
    if (lines.size() > most) break;
    const std::string text = fmt::format("  {}  {}: {}", straggler.host(), words_of(straggler.step()),
                                         straggler_reason(straggler, now));
    lines.emplace_back(fit(text, width), tone_of(straggler.step()));
  }
  const std::size_t named = lines.size() - 1;
  if (named > 0 && hosts_behind(progress) > named)
    lines.emplace_back(fmt::format("  and {} more", hosts_behind(progress) - named));
  return lines;
}

Section progress_section(const ProgressMeter& meter, WallTime now) {
  const v1::Progress& progress = meter.last();
  Section section;
  section.lines.emplace_back(progress_line(meter), meter.is_good() ? Tone::kGood : Tone::kBad);
  append_next(progress, section);
  if (progress.stragglers_size() == 0) return section;
  section.table = straggler_table(progress, now);
  const auto named = static_cast<std::uint32_t>(progress.stragglers_size());
  const std::uint32_t behind = hosts_behind(progress);
  if (behind > named) section.lines.emplace_back(fmt::format("the worst {} of {} behind:", named, behind));
  return section;
}

Json progress_json(const v1::Progress& progress) {
  Json json{{"revision", text_json(progress.revision())}, {"hosts", progress.hosts()}};
  for (const v1::StepCount& count : progress.steps()) json["steps"][step_word(count.step())] = count.hosts();
  json["stragglers"] = Json::array();
  for (const v1::Straggler& straggler : progress.stragglers()) {
    json["stragglers"].push_back({{"host", straggler.host()},
                                  {"step", step_word(straggler.step())},
                                  {"generation", straggler.generation()},
                                  {"reason", text_json(straggler.reason())},
                                  {"last_seen_at", time_json(straggler.last_seen_unix_ns())},
                                  {"deadline_at", time_json(straggler.deadline_unix_ns())}});
  }
  return json;
}

}  // namespace ondol::cli
