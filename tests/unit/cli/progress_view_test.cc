#include "collector/cli/render/progress_view.h"

#include <gtest/gtest.h>

#include "collector/cli/render/text.h"
#include "tests/unit/cli/replies_by_hand.h"

namespace ondol::cli {
namespace {

constexpr BootTime kStart{Seconds{1'000}};

v1::Progress progress(std::initializer_list<std::pair<v1::Step, std::uint32_t>> counts) {
  v1::Progress progress;
  progress.set_revision("ab12");
  for (const auto& [step, hosts] : counts) {
    progress.add_steps()->set_step(step);
    progress.mutable_steps(progress.steps_size() - 1)->set_hosts(hosts);
    progress.set_hosts(progress.hosts() + hosts);
  }
  return progress;
}

void straggle(v1::Progress& progress, const std::string& host, v1::Step step, const std::string& reason) {
  v1::Straggler& straggler = *progress.add_stragglers();
  straggler.set_host(host);
  straggler.set_step(step);
  straggler.set_generation(4);
  straggler.set_reason(reason);
}

TEST(ProgressView, counts_rate_and_time_left_are_one_line) {
  ProgressMeter meter;
  meter.note(progress({{v1::STEP_WAITING, 214}, {v1::STEP_APPLIED, 0}}), kStart);
  EXPECT_EQ(progress_line(meter), "0 of 214 applied, 214 waiting");
  meter.note(
      progress(
          {{v1::STEP_REFUSED, 2}, {v1::STEP_TRYING, 3}, {v1::STEP_WAITING, 89}, {v1::STEP_APPLIED, 120}}),
      kStart + Seconds{2});
  EXPECT_EQ(progress_line(meter),
            "120 of 214 applied, 3 trying, 89 waiting, 2 refused; 60 a second, about 2 s left");
  EXPECT_FALSE(meter.is_over(kStart + Seconds{2}));
}

TEST(ProgressView, the_rate_forgets_what_is_long_ago) {
  ProgressMeter meter;
  for (int second = 0; second <= 30; ++second) {
    const std::uint32_t applied = second <= 10 ? static_cast<std::uint32_t>(second) * 100 : 1'000;
    meter.note(progress({{v1::STEP_WAITING, 2'000 - applied}, {v1::STEP_APPLIED, applied}}),
               kStart + Seconds{second});
  }
  EXPECT_EQ(meter.per_second(), 0);
  EXPECT_FALSE(meter.left());
}

TEST(ProgressView, it_is_over_and_good_when_everybody_that_can_be_reached_applied) {
  ProgressMeter meter;
  meter.note(progress({{v1::STEP_UNREACHABLE, 2}, {v1::STEP_APPLIED, 5}}), kStart);
  EXPECT_TRUE(meter.is_over(kStart));
  EXPECT_TRUE(meter.is_good());
}

TEST(ProgressView, refused_undone_or_blocked_is_over_and_not_good) {
  for (const v1::Step step : {v1::STEP_REFUSED, v1::STEP_ROLLED_BACK, v1::STEP_BLOCKED}) {
    ProgressMeter meter;
    meter.note(progress({{step, 1}, {v1::STEP_APPLIED, 5}}), kStart);
    EXPECT_TRUE(meter.is_over(kStart)) << step;
    EXPECT_FALSE(meter.is_good()) << step;
  }
}

TEST(ProgressView, who_is_away_is_waited_for_until_nothing_has_moved_for_a_while) {
  ProgressMeter meter;
  meter.note(progress({{v1::STEP_AWAY, 1}, {v1::STEP_APPLIED, 5}}), kStart);
  EXPECT_FALSE(meter.is_over(kStart + Seconds{1}));
  meter.note(progress({{v1::STEP_AWAY, 1}, {v1::STEP_APPLIED, 6}}), kStart + Seconds{60});
  EXPECT_FALSE(meter.is_over(kStart + kAwayPatience));
  EXPECT_TRUE(meter.is_over(kStart + Seconds{60} + kAwayPatience));
}

TEST(ProgressView, hosts_that_were_given_a_later_revision_are_said_and_are_not_good) {
  ProgressMeter meter;
  meter.note(progress({{v1::STEP_WAITING, 4}, {v1::STEP_APPLIED, 1}}), kStart);
  meter.note(progress({{v1::STEP_WAITING, 0}, {v1::STEP_APPLIED, 2}}), kStart + Seconds{1});
  EXPECT_EQ(progress_line(meter), "2 of 2 applied, 3 given a later revision");
  EXPECT_TRUE(meter.is_over(kStart + Seconds{1}));
  EXPECT_FALSE(meter.is_good());
}

TEST(ProgressView, a_terminal_sees_a_bar_and_the_worst_with_one_reason_each_cut_to_its_width) {
  v1::Progress now = progress({{v1::STEP_REFUSED, 1}, {v1::STEP_WAITING, 2}, {v1::STEP_APPLIED, 1}});
  straggle(now, "h1", v1::STEP_REFUSED, "guard: 10.0.0.0/24 is \x1b[31mprotected");
  straggle(now, "h2", v1::STEP_WAITING, "has not received it");
  ProgressMeter meter;
  meter.note(now, kStart);
  const auto lines = progress_lines(meter, kNow, 2, 40);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].text, "[######..................] 1 of 4 app...");
  EXPECT_EQ(lines[1].text, "  h1  refused: guard: 10.0.0.0/24 is ...");
  EXPECT_EQ(lines[1].tone, Tone::kBad);
  EXPECT_EQ(lines[2].text, "  h2  waiting: has not received it");
  EXPECT_EQ(lines[3].text, "  and 1 more");
  EXPECT_EQ(progress_lines(meter, kNow, 2, 60)[1].text.find('\x1b'), std::string::npos);
}

TEST(ProgressView, the_end_names_the_next_command_for_each_kind_of_trouble) {
  v1::Progress end = progress({{v1::STEP_ROLLED_BACK, 1}, {v1::STEP_UNREACHABLE, 1}, {v1::STEP_APPLIED, 1}});
  straggle(end, "h1", v1::STEP_ROLLED_BACK, "probe: gateway 10.0.0.1");
  straggle(end, "h2", v1::STEP_UNREACHABLE, "silent: no_tcp");
  end.mutable_stragglers(1)->set_last_seen_unix_ns(unix_ns(kNow) - 300 * kSecond);
  ProgressMeter meter;
  meter.note(end, kStart);
  EXPECT_EQ(render_text({{progress_section(meter, kNow)}, {}}, {}),
            "1 of 3 applied, 1 rolled back, 1 unreachable\n"
            "undone by a host: `ondolctl host show h1` names the probe; cure it, then `ondolctl config "
            "apply` tries again\n"
            "not reached: `ondolctl host show h2`; it is given the newest intent when it is back\n"
            "HOST  STEP         REASON\n"
            "h1    rolled back  probe: gateway 10.0.0.1\n"
            "h2    unreachable  silent: no_tcp, seen 5m ago\n");
}

TEST(ProgressView, a_trying_host_says_when_it_is_undone) {
  v1::Progress now = progress({{v1::STEP_TRYING, 1}});
  straggle(now, "h1", v1::STEP_TRYING, "applied, not yet confirmed");
  now.mutable_stragglers(0)->set_deadline_unix_ns(unix_ns(kNow) + 42 * kSecond);
  ProgressMeter meter;
  meter.note(now, kStart);
  EXPECT_EQ(progress_lines(meter, kNow, 8, 200)[1].text,
            "  h1  trying: applied, not yet confirmed, undone in 42 s otherwise");
}

TEST(ProgressView, programs_get_every_step_and_the_stragglers) {
  v1::Progress now = progress({{v1::STEP_REFUSED, 1}, {v1::STEP_APPLIED, 2}});
  straggle(now, "h1", v1::STEP_REFUSED, "guard: hold");
  EXPECT_EQ(
      progress_json(now).dump(),
      R"({"revision":"ab12","hosts":3,"steps":{"refused":1,"applied":2},"stragglers":[{"host":"h1","step":"refused",)"
      R"("generation":4,"reason":"guard: hold","last_seen_at":null,"deadline_at":null}]})");
}

TEST(Text, what_is_too_wide_is_cut_between_letters) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdefg", 6), "abc...");
  EXPECT_EQ(fit("김치찌개", 7), "김치...");
  EXPECT_EQ(fit("abcdefg", 2), "..");
  EXPECT_EQ(fit("a\nb", 10), "a\\x0ab");
}

}  // namespace
}  // namespace ondol::cli
